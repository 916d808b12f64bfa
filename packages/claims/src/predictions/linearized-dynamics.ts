import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { dot } from "./dot.ts";

/** K = U diag(values) Uᵀ, values ascending; `vectors[i]` is the i-th eigenvector. */
export interface KernelModes {
  readonly values: readonly number[];
  readonly vectors: readonly (readonly number[])[];
}

/** How much of 1/λ training has reached: residuals shrink by 1 − λ filter(λ). */
export type TrainingFilter = (lambda: number) => number;

/**
 * The eigen-decomposition that the closed forms below share.
 * @param kernel - γ² J_0 J_0ᵀ, symmetric, n rows of n numbers
 */
export function kernelModes(kernel: readonly (readonly number[])[]): KernelModes {
  const decomposition = new EigenvalueDecomposition(new Matrix(kernel.map((row) => [...row])), {
    assumeSymmetric: true,
  });
  const columns = decomposition.eigenvectorMatrix.transpose().to2DArray();
  const order = decomposition.realEigenvalues
    .map((value, i) => ({ value, vector: columns[i]! }))
    .sort((a, b) => a.value - b.value);
  return { values: order.map(({ value }) => value), vectors: order.map(({ vector }) => vector) };
}

/** (1 − e^{−λt})/λ, t at λ = 0: gradient flow on ½ ‖f − y‖² up to time t. At t = Infinity, 1/λ (0 for λ ≤ 0). */
export function flowFilter(t: number): TrainingFilter {
  if (t === Infinity) return (lambda) => (lambda > 0 ? 1 / lambda : 0);
  return (lambda) => (lambda === 0 ? t : -Math.expm1(-lambda * t) / lambda);
}

/** (1 − (1 − ηλ)^k)/λ, kη at λ = 0: k steps of gradient descent with step η. Stable only for η < 2/λ_max. */
export function descentFilter(step: number, steps: number): TrainingFilter {
  return (lambda) => (lambda === 0 ? step * steps : (1 - (1 - step * lambda) ** steps) / lambda);
}

/**
 * filter(K) (y − f_0): coefficients α of the training inputs in the trained model. A new point is predicted by f_0(x) + k_xᵀ α,
 * parameters are θ_0 + γ J_0ᵀ α.
 *
 * @param residual - y − f_0
 * @see claim LZ-17
 */
export function trainingCoefficients(
  modes: KernelModes,
  residual: readonly number[],
  filter: TrainingFilter,
): number[] {
  return inModes(modes, residual, filter);
}

/** f_t = y − (I − K filter(K)) (y − f_0) on the training inputs. */
export function trainedOutputs(
  modes: KernelModes,
  targets: readonly number[],
  start: readonly number[],
  filter: TrainingFilter,
): number[] {
  const residual = targets.map((y, i) => y - start[i]!);
  const left = inModes(modes, residual, (lambda) => 1 - lambda * filter(lambda));
  return targets.map((y, i) => y - left[i]!);
}

/**
 * f_t(x) = f_0(x) + k_xᵀ filter(K) (y − f_0) at a new point.
 *
 * @param kernelRow - k_x: the kernel of x and each training input
 * @param start - f_0(x)
 */
export function trainedOutputAt(
  kernelRow: readonly number[],
  start: number,
  coefficients: readonly number[],
): number {
  return start + dot(kernelRow, coefficients);
}

/** ½ ‖f_t − y‖² = ½ Σ_i (1 − λ_i filter(λ_i))² ⟨u_i, y − f_0⟩². @see claim LZ-23 */
export function trainingLoss(
  modes: KernelModes,
  residual: readonly number[],
  filter: TrainingFilter,
): number {
  return modes.values.reduce((total, lambda, i) => {
    const left = (1 - lambda * filter(lambda)) * dot(modes.vectors[i]!, residual);
    return total + left ** 2 / 2;
  }, 0);
}

/** √(yᵀ K⁻¹ y / n): how hard labels are for the kernel; grows with their corruption. @see claim LZ-23 */
export function labelDifficulty(modes: KernelModes, targets: readonly number[]): number {
  return Math.sqrt(
    dot(
      targets,
      inModes(modes, targets, (lambda) => 1 / lambda),
    ) / targets.length,
  );
}

/**
 * √(E yᵀ K⁻¹ y / n) where each of the labels ±1 is replaced, with probability p, by a fair random sign: then
 * E y_i y_j = (1 − p)² of the product before, i ≠ j, and E yᵀ K⁻¹ y = (1 − p)² yᵀ K⁻¹ y + (1 − (1 − p)²) tr K⁻¹.
 *
 * @param labels - before the corruption
 */
export function expectedDifficulty(modes: KernelModes, labels: readonly number[], fraction: number): number {
  const kept = (1 - fraction) ** 2;
  const trace = modes.values.reduce((total, lambda) => total + 1 / lambda, 0);
  return Math.sqrt(kept * labelDifficulty(modes, labels) ** 2 + ((1 - kept) * trace) / labels.length);
}

/** ½ ‖f_0 − y‖² e^{−2λ_min t} with λ_min = γ² σ_min(J_0)²: the bound on the flow's loss by its slowest mode. @see LZ-17, C10 */
export function slowestModeBound(modes: KernelModes, residual: readonly number[], t: number): number {
  return (dot(residual, residual) / 2) * Math.exp(-2 * modes.values[0]! * t);
}

/** U diag(factor(λ)) Uᵀ v. */
function inModes(modes: KernelModes, v: readonly number[], factor: (lambda: number) => number): number[] {
  const result = v.map(() => 0);
  modes.values.forEach((lambda, i) => {
    const vector = modes.vectors[i]!;
    const amount = factor(lambda) * dot(vector, v);
    vector.forEach((entry, j) => {
      result[j]! += amount * entry;
    });
  });
  return result;
}
