import type { Matrix } from "lineament";
import { distance } from "./distance.ts";

/**
 * Gradient descent of one neuron ReLU(⟨w, x⟩) on (1/2n) Σ_i (ReLU(⟨w, x_i⟩) − ReLU(⟨w*, x_i⟩))², ReLU′(0) = 0. Stops at
 * ‖w − w*‖ < `until`, where rounding takes over.
 *
 * @param problem - x: n × d; teacher: w*; start: w_0
 * @returns w at the end, and ‖w_k − w*‖ for k = 0, 1, …
 */
export function neuronDescent(
  { x, teacher, start }: NeuronProblem,
  {
    learningRate,
    steps,
    until = 1e-13,
  }: { readonly learningRate: number; readonly steps: number; readonly until?: number },
): { readonly weights: Float64Array; readonly distances: readonly number[] } {
  const { data, rows: n, cols: d } = x;
  const labels = neuronOutputs(x, teacher);
  const weights = start.slice();
  const gradient = new Float64Array(d);
  const distances = [distance(weights, teacher)];
  while (distances.length <= steps && distances.at(-1)! >= until) {
    gradient.fill(0);
    for (let i = 0; i < n; i++) {
      const z = alongRow(data, i, weights);
      if (z <= 0) continue;
      const residual = (z - labels[i]!) / n;
      for (let j = 0; j < d; j++) gradient[j]! += residual * data[i * d + j]!;
    }
    for (let j = 0; j < d; j++) weights[j]! -= learningRate * gradient[j]!;
    distances.push(distance(weights, teacher));
  }
  return { weights, distances };
}

/** What one neuron learns from, and where it starts. */
export interface NeuronProblem {
  readonly x: Matrix<Float64Array>;
  readonly teacher: Float64Array;
  readonly start: Float64Array;
}

/** ReLU(⟨w, x_i⟩) for every row of x. */
export function neuronOutputs(x: Matrix<Float64Array>, weights: Float64Array): Float64Array {
  return Float64Array.from({ length: x.rows }, (_, i) => Math.max(0, alongRow(x.data, i, weights)));
}

function alongRow(data: Float64Array, row: number, weights: Float64Array): number {
  const d = weights.length;
  let sum = 0;
  for (let j = 0; j < d; j++) sum += data[row * d + j]! * weights[j]!;
  return sum;
}
