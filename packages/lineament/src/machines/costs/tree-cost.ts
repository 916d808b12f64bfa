import { directCost } from "./direct-cost.ts";
import { type MachineShape, metricWork, productWork, solveWork, startingMetricWork } from "./steps.ts";
import { type Cost, noWork, repeatedWork, sumOfWork } from "./work.ts";

/** Feature machines in the leaves of trees. */
export interface TreeFit extends MachineShape {
  /** Rows that leaves learn from. */
  readonly rows: number;
  readonly updates: number;
  readonly ridges: number;
  /** Rows of a leaf that its metric is learned on. Default 2,000. */
  readonly metricRows?: number | undefined;
  readonly agopRows: number;
  readonly capacity: number;
  readonly overlap: number;
  readonly trees: number;
  /** Rows that choose the temperature. */
  readonly validationRows: number;
  /** Threads that each hold a leaf. Default 0: leaves are fitted one after the other. */
  readonly workers?: number | undefined;
}

/** Rows and points behind the direction of a division. */
const SPLIT = { rows: 2000, points: 1000 };
/** Leaves that a validation row asks at some temperature. */
const ASKED = 12;
const LEAF_JUDGES = 1500;

/** Leaves of a tree and the rows of each: every division gives a child ½ + ω of the rows. */
export function leavesOf(
  rows: number,
  { capacity, overlap }: Pick<TreeFit, "capacity" | "overlap">,
): { leaves: number; size: number } {
  let [leaves, size] = [1, rows];
  while (size > capacity) [leaves, size] = [2 * leaves, size * (0.5 + overlap)];
  return { leaves, size: Math.ceil(size) };
}

/**
 * What trees take: a start of the metric, a machine on a sample for every division, and in every leaf a few small solves for its metric and
 * one for all of its rows, C³/3 flops; in all about n C²/3 times (1 + 2ω)^depth. Bytes: a leaf's kernel matrix for every worker.
 */
export function treeCost(fit: TreeFit): Cost {
  const {
    rows,
    updates,
    ridges,
    metricRows = 2000,
    agopRows,
    trees,
    validationRows,
    workers = 0,
    entry = 4,
  } = fit;
  const { leaves, size } = leavesOf(rows, fit);
  const start = leaves > 1 && updates > 0 ? startingMetricWork(rows, fit, ridges) : noWork;
  const split = sumOfWork(
    solveWork(Math.min(rows, SPLIT.rows), fit, 1),
    metricWork(SPLIT.points, SPLIT.rows, fit),
    { flops: 0, values: 0, traffic: 400 * size + 16 * size * fit.coordinates },
  );
  const leaf = directCost({
    ...fit,
    rows: size,
    metricRows,
    agopRows,
    judgedRows: Math.min(LEAF_JUDGES, 0.2 * size),
  });
  const temperature = productWork(validationRows * Math.min(ASKED, leaves), size, fit, fit.outputs);
  return {
    work: repeatedWork(
      trees,
      sumOfWork(start, repeatedWork(leaves - 1, split), repeatedWork(leaves, leaf.work), temperature),
    ),
    bytes: Math.max(1, Math.min(workers, leaves)) * leaf.bytes + rows * fit.coordinates * entry,
  };
}
