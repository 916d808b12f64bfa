import { type MachineShape, metricWork, productWork, startingMetricWork } from "./steps.ts";
import { type Cost, noWork, repeatedWork, sumOfWork, type Work } from "./work.ts";

/** A machine on M centers, fitted to all rows in passes. */
export interface NystromFit extends MachineShape {
  /** Rows that the last solve passes over. */
  readonly rows: number;
  /** M */
  readonly centers: number;
  readonly updates: number;
  readonly ridges: number;
  /** Rows that the metric is learned on. Default 20,000. */
  readonly metricRows?: number | undefined;
  readonly agopRows: number;
  readonly validationRows: number;
  /** Bytes of kernel values that are kept between passes. Default 2³⁰. */
  readonly memory?: number | undefined;
  /** Rows that are in memory, where the others stream from disk. Default all. */
  readonly heldRows?: number | undefined;
  /** Passes of a solve. Default 14: conjugate gradients to a relative residual of 10⁻³. */
  readonly passes?: number | undefined;
}

/** The factors are float64, which takes twice as long. */
const DOUBLE = 2;

/**
 * What the machine takes: for every solve M³ (4/3 + λ's/3) flops of factors and passes of n M kernel values and 4 n M flops a column each,
 * as many of the values kept as memory allows; T of them on few rows, one on all. Bytes: 8 M² (1 + λ's) and the values that are kept.
 */
export function nystromCost(fit: NystromFit): Cost {
  const { rows: n, centers, updates, ridges, metricRows = 20_000, agopRows, validationRows } = fit;
  const { memory = 2 ** 30, passes = 14, entry = 4, outputs: c } = fit;
  const m = Math.min(n, centers);
  const solve = (rows: number, among: number): Work => {
    const columns = c * among;
    const factors: Work = {
      flops: DOUBLE * m ** 3 * (1 / 3 + 1 + among / 3),
      values: 2 * m * m,
      // Every pass goes through L and Lᵀ once, and through G and Gᵀ of every ridge.
      traffic: 8 * m * m * (2 + among) + passes * 4 * m * m * (2 + 2 * among) + 3e7,
    };
    const kept = Math.min(1, memory / (entry * rows * m));
    const values = productWork(rows, m, fit, 0);
    const computed = 1 + (passes - 1) * (1 - kept);
    // Products with few columns are bound by memory: they read every value once a column, on the way to K v and to Kᵀ K v.
    const again: Work = {
      flops: rows * m * 4 * columns,
      values: 0,
      traffic: 2 * entry * rows * m * Math.min(columns, 4) + 16 * rows * columns,
    };
    return sumOfWork(
      factors,
      repeatedWork(computed, values),
      repeatedWork(passes, again),
      productWork(validationRows, m, fit, columns),
    );
  };
  const learning = Math.min(n, metricRows);
  const update = sumOfWork(solve(learning, ridges), metricWork(Math.min(learning, agopRows), m, fit));
  const scheduled = learning < n && updates > 0;
  return {
    work: sumOfWork(
      repeatedWork(updates, update),
      scheduled ? sumOfWork(startingMetricWork(n, fit, ridges), solve(learning, ridges)) : noWork,
      // The metric's rows have chosen the ridge.
      solve(n, scheduled ? 1 : ridges),
    ),
    bytes:
      8 * m * m * (1 + ridges) +
      Math.min(memory, entry * n * m) +
      (fit.heldRows ?? n) * fit.coordinates * entry,
  };
}
