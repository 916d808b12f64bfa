import {
  directCost,
  type Effort,
  FitOptions,
  givenMachineCost,
  type MachineShape,
  metricWork,
  productWork,
  repeatedWork,
  sumOfWork,
  type Work,
} from "../machines/index.ts";
import { KERNEL_BASELINE, KERNEL_ROWS, LINEAR_ROWS } from "./baselines.ts";

/** What the work beside a fit depends on. */
export interface ExtraFit extends Pick<MachineShape, "coordinates" | "outputs"> {
  readonly rows: number;
  readonly task: "regression" | "classification";
  readonly effort: Effort;
}

/** What the counts leave out: encodings, calibrations, copies of rows, threads that wait on small matrices. */
const UNCOUNTED = 2;
/** Steps of L-BFGS that logistic regression takes, each a product with the rows and one with their transpose, in float64. */
const LOGISTIC_STEPS = 100;

/** What fitting the simple learners takes, `fitBaselines`. */
export function baselineWork({ rows: n, task, effort, ...shape }: ExtraFit): Work {
  const { coordinates: d, outputs: c } = shape;
  const m = Math.min(n, LINEAR_ROWS);
  const linear =
    task === "regression"
      ? { flops: 12 * m * d * d, values: 0, traffic: 60 * m * d }
      : { flops: 8 * LOGISTIC_STEPS * m * d * c, values: 0, traffic: 40 * LOGISTIC_STEPS * m * (c + 1) };
  const machine = FitOptions.parse({ machine: KERNEL_BASELINE }).machine!;
  const kernel = givenMachineCost({ ...shape, rows: Math.min(n, KERNEL_ROWS[effort]) }, machine);
  return repeatedWork(UNCOUNTED, sumOfWork(linear, kernel.work));
}

/** Rows that gradients are taken at and columns are redrawn for, with all rows and in refits. */
const EXPLAINED = { gradients: 500, redrawn: 250, again: 200 };
/** More columns than this are not redrawn. */
const MOST_REDRAWN = 100;
/** Columns without information that take part in refits. */
const PROBES = 4;

/** What measuring importances takes, `importances`. */
export function importanceWork(
  shape: Omit<ExtraFit, "task" | "effort">,
  {
    columns,
    members,
    centers,
    refits,
    refitRows,
    rows: sampled = EXPLAINED.gradients,
  }: {
    readonly columns: number;
    readonly members: number;
    /** Rows that one prediction asks. */
    readonly centers: number;
    readonly refits: number;
    readonly refitRows: number;
    readonly rows?: number | undefined;
  },
): Work {
  const size = Math.min(refitRows, shape.rows >> 1);
  const measured = (rows: number, redrawn: number, asked: number, count: number): Work =>
    sumOfWork(
      repeatedWork(2, metricWork(rows, asked, shape)),
      productWork(count > MOST_REDRAWN ? 0 : redrawn * count, asked, shape, shape.outputs),
    );
  const refit = sumOfWork(
    directCost({ ...shape, rows: size, updates: 2, agopRows: size }).work,
    measured(EXPLAINED.again, EXPLAINED.again, size, columns + PROBES),
  );
  return repeatedWork(
    UNCOUNTED * members,
    sumOfWork(measured(sampled, EXPLAINED.redrawn, centers, columns), repeatedWork(refits, refit)),
  );
}
