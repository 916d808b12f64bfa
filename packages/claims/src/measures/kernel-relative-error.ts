import { convert, type Engine, type Matrix, transpose } from "lineament";

/**
 * ‖K^{−1/2} K_N K^{−1/2} − I‖, the largest relative error of the quadratic form of K_N. With K = L Lᵀ, L⁻¹ K_N L⁻ᵀ has the same
 * eigenvalues.
 *
 * @param k - symmetric positive definite, n × n
 * @param approximate - K_N, symmetric, n × n
 * @throws RangeError when K is not positive definite up to rounding
 */
export async function kernelRelativeError(engine: Engine, k: Matrix, approximate: Matrix): Promise<number> {
  const l = convert(k, "float64");
  const { outcome } = await engine.cholesky(l);
  if (outcome !== "factored")
    throw new RangeError(
      `kernelRelativeError: the ${k.rows} × ${k.rows} kernel matrix is not positive definite`,
    );
  const left = convert(approximate, "float64");
  await engine.solveTriangular({ l, b: left });
  const both = transpose(left);
  await engine.solveTriangular({ l, b: both });
  const { values } = await engine.eigenSymmetric(both);
  return values.reduce((largest, value) => Math.max(largest, Math.abs(value - 1)), 0);
}
