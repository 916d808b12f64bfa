import { directCost } from "../costs/direct-cost.ts";
import { type MachineShape, metricWork, productWork, solveWork } from "../costs/steps.ts";
import { type Cost, noWork, repeatedWork, sumOfWork, type Work } from "../costs/work.ts";
import type { Effort } from "../options.ts";
import { openingCandidates, type TableShape } from "./candidate.ts";
import { PLANS } from "./plan.ts";
import { largestSolve } from "./refit.ts";
import { BROAD, finalistCount, lighter, type SearchPlan } from "./search.ts";

/** What an automatic fit depends on before any of it is done. */
export interface AutomaticFit extends Omit<MachineShape, "norm" | "entry"> {
  readonly rows: number;
  readonly task: "regression" | "classification";
  readonly effort: Effort;
  readonly table: TableShape;
  /** M of a Nyström machine; default by effort. */
  readonly centers?: number | undefined;
  /** Rows that are in memory, for a Nyström machine whose other rows stream from disk. Default all. */
  readonly heldRows?: number | undefined;
  /** Bytes of kernel values that a Nyström machine may keep between passes. Default 2³⁰. */
  readonly memory?: number | undefined;
}

/** Part of the solves that candidates are given that they take: they end when their loss has risen. */
const SOLVES = 0.85;
/** Ridges of the first solve of a candidate, of the later ones, and of those where a second comparison follows or that it makes. */
const RIDGES = { first: 6, later: 5, few: 3 };
/** Kernels of exponents other than 1 take twice as long a value; about half of the candidates have one. */
const VALUES = 1.4;
/** What the count of the comparison leaves out: views, calibrations, averages, and threads that wait on small matrices. */
const UNCOUNTED = 1.1;
/** Metric updates of a chosen machine. */
export const UPDATES = 2;

/** One way of dividing rows, as in `searchMachines`. */
interface Folds {
  readonly count: number;
  readonly training: number;
  readonly validation: number;
}

/** What comparing candidates takes, `searchMachines`. It does not grow with the number of rows once the samples are full. */
export function searchCost({ rows: n, effort, table, ...shape }: AutomaticFit): Cost {
  const wide = table.wide;
  const given = PLANS[effort].search;
  const plan = shape.coordinates > BROAD && !wide ? lighter(given) : given;
  const opening = openingCandidates(table);
  const candidates = opening.length + plan.mutations + (shape.task === "regression" ? 3 : 0);
  const coordinateWise = opening.filter(({ p }) => p === 1).length / opening.length;
  const screening = screeningFolds(n, shape.coordinates, plan);
  const final = n <= plan.smallRows ? undefined : finalFolds(n, plan);
  const judged = (
    { count, training, validation }: Folds,
    norm: 1 | 2,
    ridges: readonly [number, number],
  ): Work => {
    const own = { ...shape, norm };
    const solve = (among: number): Work =>
      sumOfWork(
        solveWork(training, own, among),
        productWork(validation, training, own, among * shape.outputs),
      );
    const updates = SOLVES * (plan.rounds + 1) - 1;
    const work = repeatedWork(
      count,
      sumOfWork(
        solve(ridges[0]),
        repeatedWork(
          updates,
          sumOfWork(solve(ridges[1]), metricWork(Math.min(training, plan.agopRows), training, own)),
        ),
      ),
    );
    return { ...work, values: VALUES * work.values };
  };
  const among = (folds: Folds, count: number, ridges: readonly [number, number]): Work =>
    sumOfWork(
      repeatedWork(count * coordinateWise, judged(folds, 1, ridges)),
      repeatedWork(count * (1 - coordinateWise), judged(folds, 2, ridges)),
    );
  return {
    work: repeatedWork(
      UNCOUNTED,
      sumOfWork(
        among(screening, candidates, [RIDGES.first, final ? RIDGES.few : RIDGES.later]),
        final ? among(final, finalistCount(n, plan), [RIDGES.few, RIDGES.few]) : noWork,
      ),
    ),
    bytes: 4 * Math.max(screening.training, final?.training ?? 0) ** 2,
  };
}

/** What fitting the members of the average on all rows takes, `refitMember` for each. */
export function refitCost({ rows: n, effort, task, ...shape }: AutomaticFit): Cost {
  const { refit, agopRows } = PLANS[effort];
  const { work } = directCost({
    ...shape,
    rows: n,
    updates: UPDATES,
    metricRows: refit.metricRows,
    agopRows,
    pieces: Math.ceil(n / refit.solveRows),
  });
  const solved = largestSolve(n, refit);
  return {
    work: repeatedWork(expectedMembers({ rows: n, effort, task }), { ...work, values: VALUES * work.values }),
    // Rows held out of a solve are judged by the inverse of their block.
    bytes: 4 * solved ** 2 + (n > refit.heldOutAbove ? 8 * solved * Math.min(2000, 0.2 * n) : 0),
  };
}

/** Machines that an average is expected to have. */
export function expectedMembers({
  rows,
  effort,
  task,
}: Pick<AutomaticFit, "rows" | "effort" | "task">): number {
  const { average, finalRows } = PLANS[effort].search;
  const { members } = average[rows > finalRows ? "large" : task];
  return members + (rows > finalRows && rows <= 3 * finalRows ? 1 : 0);
}

function screeningFolds(n: number, d: number, { smallRows, finalRows, screeningRows }: SearchPlan): Folds {
  if (n <= smallRows) {
    const count = n <= 1000 ? 5 : 4;
    return { count, training: Math.round(n - n / count), validation: Math.round(n / count) };
  }
  if (n <= finalRows) return { count: 2, training: Math.min(screeningRows, n >> 1), validation: n >> 1 };
  return {
    count: 1,
    training: screeningRows,
    validation: Math.min(d > 100 ? 2000 : 4000, n - screeningRows),
  };
}

function finalFolds(n: number, { finalRows }: SearchPlan): Folds {
  if (n <= finalRows) return { count: 3, training: Math.round((2 * n) / 3), validation: Math.round(n / 3) };
  return { count: 1, training: finalRows, validation: Math.min(4000, n - finalRows) };
}
