import { type MachineShape, metricWork, productWork, solveWork } from "./steps.ts";
import { type Cost, noWork, repeatedWork, sumOfWork } from "./work.ts";

/** A feature machine of which every solve holds its kernel matrix. */
export interface DirectFit extends MachineShape {
  /** Rows that are solved for. */
  readonly rows: number;
  /** T, metric updates. */
  readonly updates: number;
  /** Rows that the metric is learned on. Default all. */
  readonly metricRows?: number | undefined;
  /** Rows that gradients are averaged over. */
  readonly agopRows: number;
  /** Ridges that are tried in every solve. Default 1. */
  readonly ridges?: number | undefined;
  /** Rows that judge every iterate. Default 0. */
  readonly judgedRows?: number | undefined;
  /** Solves that the rows are divided among; the values of all are averaged. Default 1. */
  readonly pieces?: number | undefined;
}

/**
 * What T metric updates and the last solve take, about (T + 1)(n³/3 + n²d) + 4 T m n d c flops, and 4 n² bytes.
 * Updates that all rows take part in leave their solution behind, so that the last solve is one of them.
 */
export function directCost(fit: DirectFit): Cost {
  const { rows: n, updates, agopRows, ridges = 1, judgedRows = 0, pieces = 1, entry = 4 } = fit;
  const learning = Math.min(n, fit.metricRows ?? n);
  const size = Math.ceil(n / pieces);
  const judged = (rows: number) =>
    judgedRows > 0 ? productWork(judgedRows, rows, fit, ridges * fit.outputs) : noWork;
  const update = sumOfWork(
    solveWork(learning, fit, ridges),
    judged(learning),
    metricWork(Math.min(learning, agopRows), learning, fit),
  );
  const scheduled = learning < n || pieces > 1;
  const solve = solveWork(size, fit, scheduled ? 1 : ridges);
  const last = sumOfWork(solve, judged(size));
  return {
    work: sumOfWork(repeatedWork(updates, update), repeatedWork(pieces, last)),
    bytes: entry * Math.max(size, updates > 0 ? learning : 0) ** 2,
  };
}
