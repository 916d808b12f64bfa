import { affordableSteps } from "../feature-round.ts";
import { repeatedWork, sumOfWork, type Work } from "./work.ts";

// Work of the steps that every machine is made of. The numbers before n, m, d and c are properties of the code of the passes, in units
// of matrix products: they were measured once and hold on any machine about as well as its three rates do.

/** What the costs of a machine depend on. */
export interface MachineShape {
  /** d, after encoding. */
  readonly coordinates: number;
  /** c: columns that are solved for, 1 for numbers and two classes, else the classes less one. */
  readonly outputs: number;
  /** p of the distance ‖x − z‖_p. Where it is 2 distances come from matrix products. Default 2. */
  readonly norm?: 1 | 2 | undefined;
  /** Bytes of a kernel value. Default 4. */
  readonly entry?: 4 | 8 | undefined;
}

/** k(X, Z) V for m rows, n centers and some columns. */
export function productWork(
  m: number,
  n: number,
  { coordinates: d, norm = 2 }: MachineShape,
  columns: number,
): Work {
  return {
    flops: m * n * ((norm === 2 ? 2 : 8) * d + 2 * columns),
    values: 1.3 * m * n,
    traffic: 8 * m * columns,
  };
}

/** The n × n kernel matrix, computed once a pair, and the median distance that its bandwidth comes from. */
export function matrixWork(n: number, { coordinates: d, norm = 2, entry = 4 }: MachineShape): Work {
  return {
    flops: n * n * (norm === 2 ? 1 : 4) * d,
    values: (entry / 4) * n * n,
    traffic: 3e7 + 32 * n * d,
  };
}

/** Cholesky factorization for one ridge, with K restored before it, and the solution of all columns. */
export function factorWork(n: number, { outputs: c, entry = 4 }: MachineShape): Work {
  return {
    flops: (entry / 4) * (n ** 3 / 3 + 250 * n * n + 4 * n * n * c),
    values: 0,
    traffic: 6 * entry * n * n,
  };
}

/** Preconditioned conjugate gradients for all ridges together: some 60 products with K, each bound by memory as much as by arithmetic. */
function iterationWork(n: number, { outputs: c, entry = 4 }: MachineShape, ridges: number): Work {
  const columns = c * ridges;
  // For one column, half of K is read.
  const reads = columns === 1 ? 0.5 : 2.5;
  return {
    flops: (entry / 4) * 60 * 2 * n * n * columns,
    values: 0,
    traffic: 60 * (reads * entry * n * n + 40 * n * columns),
  };
}

/** Kernel matrix, and the solutions for some ridges by whichever is less work. */
export function solveWork(n: number, shape: MachineShape, ridges: number): Work {
  const factored = repeatedWork(ridges, factorWork(n, shape));
  const iterated = iterationWork(n, shape, ridges);
  return sumOfWork(matrixWork(n, shape), affordableSteps(n, shape.outputs, ridges) > 0 ? iterated : factored);
}

/** The gradient of all outputs at m rows over n centers, their outer products, and the root of the metric. */
export function metricWork(
  m: number,
  n: number,
  { coordinates: d, outputs: c, norm = 2 }: MachineShape,
): Work {
  const pair = norm === 2 ? 2 + 4 * c : 20 + 12 * c;
  return {
    flops: m * n * d * pair + 2 * m * c * d * d + 80 * d ** 3,
    values: 1.7 * m * n,
    traffic: 16 * m * c * d,
  };
}

/** Machines, rows of each and their share of all, points and expected updates of a metric that many small machines begin; of a second form some. */
const START = { machines: 8, rows: 2000, share: 0.1, points: 500, updates: 9, forms: 1.4 };

/** The metric that trees and Nyström machines begin with, `crossFittedMetric` of n rows. Its first machine compares the ridges. */
export function startingMetricWork(n: number, shape: MachineShape, ridges: number): Work {
  const { machines, points, updates, forms } = START;
  const rows = Math.min(START.rows, Math.floor(START.share * n));
  const one = sumOfWork(productWork(points, rows, shape, shape.outputs), metricWork(points, rows, shape));
  const solves = sumOfWork(
    solveWork(rows, shape, ridges),
    repeatedWork(machines - 1, solveWork(rows, shape, 1)),
  );
  return repeatedWork(forms * updates, sumOfWork(solves, repeatedWork(machines, one)));
}

/** Rows that judge iterates, trees and Nyström machines: a fifth, at most 10,000. */
export function judgingRows(n: number): number {
  return Math.min(10_000, Math.round(n / 5));
}
