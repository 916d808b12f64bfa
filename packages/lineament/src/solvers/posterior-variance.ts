import type { Matrix } from "../linalg/index.ts";
import type { RidgeSystem } from "./ridge-system.ts";

/**
 * The Gaussian-process reading of kernel ridge regression, λ = σ²/τ²: the maximum-likelihood signal variance at fixed λ,
 * τ² = (1/n) yᵀA for (K + λI) A = y, one number a target column. The noise variance is σ² = λ τ².
 *
 * @param y - targets as they were solved for (centered), n × c
 * @param coefficients - A, n × c
 * @see Rasmussen and Williams 2006, §5.4
 */
export function signalVariance(y: Matrix, coefficients: Matrix): Float64Array {
  const variance = new Float64Array(y.cols);
  for (let at = 0; at < y.data.length; at++)
    variance[at % y.cols]! += (y.data[at]! * coefficients.data[at]!) / y.rows;
  return variance;
}

/**
 * Posterior variance of f at new points in units of the signal variance τ²: k(x, x) − k_xᵀ (K + λI)⁻¹ k_x, in [0, k(x, x)]. The variance of a new
 * observation adds λ. What rounding makes negative is 0.
 *
 * @param system - the factored system of the training rows
 * @param cross - k(x_i, x), n × m: one column a new point; overwritten
 * @param prior - k(x, x) of the new points; 1 when absent
 */
export async function posteriorVariance(
  system: RidgeSystem,
  cross: Matrix,
  prior?: Float64Array,
): Promise<Float64Array> {
  await system.whiten(cross);
  const variance = prior?.slice() ?? new Float64Array(cross.cols).fill(1);
  for (let at = 0; at < cross.data.length; at++) variance[at % cross.cols]! -= cross.data[at]! ** 2;
  return variance.map((value) => Math.max(0, value));
}
