import { normOrder } from "../../kernels/index.ts";
import { machinePrecision, type ResolvedFitOptions } from "../options.ts";
import { directCost } from "./direct-cost.ts";
import { judgingRows, type MachineShape } from "./steps.ts";
import { treeCost } from "./tree-cost.ts";
import { type Cost, sumOfWork } from "./work.ts";

/** Ridges of the first comparison on few rows, and of that of a machine on many. */
const RIDGES = { few: 6, many: 3 };
/** As `fitGivenMachine` divides rows. */
const FEW_ROWS = 500;
const REFITTED_ROWS = 5000;
const LEAF_METRIC_ROWS = 2000;

/** What fitting exactly one machine takes: on a part of the rows, which chooses iterate and ridge, and below 5,000 rows again on all. */
export function givenMachineCost(
  { rows: n, ...shape }: { readonly rows: number } & Pick<MachineShape, "coordinates" | "outputs">,
  machine: NonNullable<ResolvedFitOptions["machine"]>,
): Cost {
  const { kernel, iterations: updates, agopRows, metricRows, ridge, refit, tree } = machine;
  const coordinateWise =
    kernel.family === "sum-power" || (kernel.family === "lpq" && normOrder(kernel) !== 2);
  const own = {
    ...shape,
    norm: coordinateWise ? (1 as const) : (2 as const),
    entry: machinePrecision(machine) === "float64" ? (8 as const) : (4 as const),
    updates,
    agopRows,
  };
  const few = n < FEW_ROWS;
  const validationRows = judgingRows(n);
  const training = n - validationRows;
  if (tree && n > tree.capacity)
    return treeCost({
      ...own,
      ...tree,
      rows: training,
      metricRows: metricRows ?? LEAF_METRIC_ROWS,
      ridges: ridge === undefined ? RIDGES.many : 1,
      validationRows,
    });
  const again = few || (refit ?? (n < REFITTED_ROWS && metricRows === undefined));
  const ridges = ridge === undefined ? (again ? RIDGES.few : RIDGES.many) : 1;
  const judged = directCost({
    ...own,
    rows: training,
    metricRows: again ? undefined : metricRows,
    ridges,
    judgedRows: validationRows,
  });
  if (!again) return judged;
  const whole = directCost({ ...own, rows: n, metricRows });
  return {
    work: sumOfWork(...Array.from({ length: few ? 5 : 1 }, () => judged.work), whole.work),
    bytes: judged.bytes + whole.bytes,
  };
}
