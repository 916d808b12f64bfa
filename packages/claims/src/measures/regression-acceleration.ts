import {
  balancedFactors,
  type Engine,
  lossAt,
  type Matrix,
  random,
  type Random,
  regressionLoss,
  zeros,
} from "lineament";
import { gaussianMatrix, orthogonalMatrix } from "../data/index.ts";
import { type BestStep, bestStep, lossCurve } from "./best-step.ts";
import { mean } from "./statistics.ts";

/** Regression with correlated inputs, by linear networks of several depths. */
export interface AccelerationSettings {
  /** N. */
  readonly samples: number;
  /** d. */
  readonly dimension: number;
  readonly dataSets: number;
  /** Steps of gradient descent at most. */
  readonly cap: number;
  readonly seed: number;
}

export interface Acceleration {
  /** By data set and depth: how many iterations the best step needs to 10⁻⁴ of the loss at the start. */
  readonly best: readonly (readonly BestStep[])[];
  /** By depth: the losses with the best step on the first data set, as parts of the loss at the start. */
  readonly curves: readonly (readonly number[])[];
}

/** What the loss must fall to, as a part of that at the start. */
const targetPart = 1e-4;

/** 10^(−4), …, 10^1.5, eight a decade. */
const steps = Array.from({ length: 45 }, (_, k) => 10 ** (-4 + k / 8));

/**
 * Gradient descent on ℓ_p regression, 1/(pN) Σ |⟨w, x_i⟩ − y_i|^p: inputs Z diag(1/k) Q of standardized columns, Z Gaussian and Q
 * orthogonal, standardized labels of a linear target. Depth n starts from balanced layers with one hidden neuron each, whose
 * product has independent N(0, 10⁻⁶) entries.
 */
export async function regressionAcceleration(
  engine: Engine,
  { samples, dimension, dataSets, cap, seed }: AccelerationSettings,
  { power, depths }: { readonly power: number; readonly depths: readonly number[] },
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: (fraction: number) => void },
): Promise<Acceleration> {
  const generator = random(seed);
  const best: BestStep[][] = [];
  const curves: number[][] = [];
  for (let set = 0; set < dataSets; set++) {
    const { x, y } = regressionData(samples, dimension, generator);
    const loss = regressionLoss(engine, x, y, { p: power });
    const w = gaussianMatrix(1, dimension, generator, { std: 1e-3 });
    const { loss: first } = await lossAt(loss, w);
    const found: BestStep[] = [];
    for (const depth of depths) {
      const start = await balancedFactors(engine, w, { depth, width: 1 });
      const problem = { start, loss, target: targetPart * first, steps, cap };
      const one = await bestStep(engine, problem, signal);
      found.push(one);
      if (set === 0)
        curves.push((await lossCurve(engine, problem, one, signal)).map((value) => value / first));
      progress((set + found.length / depths.length) / dataSets);
    }
    best.push(found);
  }
  return { best, curves };
}

function regressionData(
  n: number,
  d: number,
  generator: Random,
): { readonly x: Matrix<Float64Array>; readonly y: Matrix<Float64Array> } {
  const normals = gaussianMatrix(n, d, generator).data;
  const turn = orthogonalMatrix(d, generator).data;
  const x = zeros(n, d);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < d; k++) {
      const z = normals[i * d + k]! / (k + 1);
      for (let j = 0; j < d; j++) x.data[i * d + j]! += z * turn[k * d + j]!;
    }
  standardizeColumns(x);
  const target = gaussianMatrix(1, d, generator).data;
  const y = zeros(n, 1);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) y.data[i]! += x.data[i * d + j]! * target[j]!;
  standardizeColumns(y);
  return { x, y };
}

/** Shifts and scales columns to mean 0 and mean square 1, in place. */
function standardizeColumns({ data, rows, cols }: Matrix<Float64Array>): void {
  for (let j = 0; j < cols; j++) {
    const column = Float64Array.from({ length: rows }, (_, i) => data[i * cols + j]!);
    const center = mean(column);
    const deviation = Math.sqrt(mean(column.map((value) => (value - center) ** 2)));
    for (let i = 0; i < rows; i++) data[i * cols + j] = (column[i]! - center) / deviation;
  }
}
