import type { Matrix } from "../linalg/index.ts";

/** Σ w ‖values − truth‖² / Σ w over rows; all weights are 1 by default. */
export function squaredError(values: Matrix, truth: Matrix, weights?: ArrayLike<number>): number {
  const { rows, cols } = truth;
  let sum = 0;
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const weight = weights?.[i] ?? 1;
    total += weight;
    for (let l = 0; l < cols; l++)
      sum += weight * (values.data[i * cols + l]! - truth.data[i * cols + l]!) ** 2;
  }
  return sum / total;
}
