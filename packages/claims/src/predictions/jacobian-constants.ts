import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/** sup |σ″|. ReLU has none: its Jacobian is not Lipschitz. @see claim LZ-19 */
export const curvatureBound = {
  tanh: 4 / (3 * Math.sqrt(3)),
  erf: Math.sqrt(8 / (Math.PI * Math.E)),
  sin: 1,
  softplus: 1 / 4,
  normalCdf: 1 / Math.sqrt(2 * Math.PI * Math.E),
} as const;

/**
 * β with ‖J_θ − J_θ'‖ ≤ β ‖θ − θ'‖ for the first-layer Jacobian of Σ_i a_i σ(⟨w_i, x⟩) on inputs x_1 … x_n, |a_i| ≤ `largestOutput`:
 * `spectral` = sup|σ″| √λ_max(Σ_k ‖x_k‖² x_k x_kᵀ) ≤ `frobenius` = sup|σ″| (Σ_k ‖x_k‖⁴)^{1/2}.
 *
 * @param x - n rows of d numbers
 * @see claim LZ-19
 */
export function jacobianLipschitz(
  x: readonly (readonly number[])[],
  curvature: number,
  largestOutput = 1,
): { readonly spectral: number; readonly frobenius: number } {
  const squares = x.map((row) => row.reduce((total, value) => total + value ** 2, 0));
  const scaled = new Matrix(x.map((row, k) => row.map((value) => value * Math.sqrt(squares[k]!))));
  const values = new EigenvalueDecomposition(scaled.transpose().mmul(scaled), {
    assumeSymmetric: true,
  }).realEigenvalues;
  const scale = curvature * largestOutput;
  return {
    spectral: scale * Math.sqrt(Math.max(0, ...values)),
    frobenius: scale * Math.sqrt(squares.reduce((total, value) => total + value ** 2, 0)),
  };
}
