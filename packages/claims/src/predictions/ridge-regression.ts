import { Matrix, pseudoInverse, solve } from "ml-matrix";

/**
 * argmin_b ‖y − Φ b‖² + λ ‖b‖² = (ΦᵀΦ + λ I)⁻¹ Φᵀ y; at λ = 0 the interpolant (or least-squares solution) of minimum norm, the
 * limit λ → 0⁺.
 *
 * @param features - Φ, n rows of p numbers
 * @see claim LZ-02
 */
export function ridgeCoefficients(
  features: readonly (readonly number[])[],
  targets: readonly number[],
  ridge: number,
): number[] {
  if (!(ridge >= 0)) throw new RangeError(`ridgeCoefficients: ridge ${ridge}; give a number, 0 or more`);
  const phi = new Matrix(features.map((row) => [...row]));
  const y = Matrix.columnVector([...targets]);
  if (ridge === 0) return pseudoInverse(phi).mmul(y).to1DArray();
  const normal = phi.transpose().mmul(phi).add(Matrix.eye(phi.columns).mul(ridge));
  return solve(normal, phi.transpose().mmul(y)).to1DArray();
}
