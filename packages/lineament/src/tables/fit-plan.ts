import { PLANS, SEARCH_SHARE } from "../machines/automatic/plan.ts";
import {
  chooseMethod,
  type Effort,
  type EngineRates,
  expectedMembers,
  gigabytes,
  givenMachineCost,
  leavesOf,
  judgingRows,
  type Method,
  type MethodCost,
  methodCosts,
  noWork,
  productWork,
  type ResolvedFitOptions,
  searchCost,
  secondsOf,
  type TableShape,
  type Work,
} from "../machines/index.ts";
import { InputError } from "./errors.ts";
import { baselineWork, importanceWork } from "./extra-costs.ts";

/** A part of a fit, and what it takes. */
export interface PlannedStage {
  readonly stage: "reading" | "comparing" | "fitting" | "testing" | "baselines" | "importances";
  readonly work: Work;
  /** Estimated; absent without rates. */
  readonly seconds?: number | undefined;
}

/** What a fit will take, known before it starts. */
export interface FitPlan {
  readonly rows: number;
  /** Columns of numbers after encoding. */
  readonly coordinates: number;
  readonly effort: Effort;
  /** How the chosen machines are fitted to all rows. */
  readonly method: Method;
  /** Why by this method. */
  readonly reason: string;
  /** Rows of the largest kernel matrix that is solved. */
  readonly solveRows: number;
  /** Solves whose results are averaged because one of all rows would be too large, or the leaves of a tree. */
  readonly pieces: number;
  /** Estimated peak memory in bytes, above what the process takes anyway. */
  readonly bytes: number;
  readonly stages: readonly PlannedStage[];
  /** Floating-point operations of all stages. */
  readonly flops: number;
  /** Estimated time of all stages; absent without rates. */
  readonly seconds?: number | undefined;
  /** Seconds from the start at which the search and the fit to all rows are ended; absent where time has no limit. */
  readonly limits?: { readonly search: number; readonly fit: number } | undefined;
  /** What every method would take to fit the chosen machines to all rows, in the order of preference; one for a given machine. */
  readonly considered: readonly MethodCost[];
  /** Why the plan is smaller than what was asked for. */
  readonly reduced?: string | undefined;
  /** How rows that do not fit into memory are passed over; absent where all are in memory. */
  readonly streamed?: StreamedRowsPlan | undefined;
}

/** What streaming rows from disk takes. */
export interface StreamedRowsPlan {
  /** Rows in memory: a sample. */
  readonly sampleRows: number;
  /** Bytes on disk, while the fit runs. */
  readonly disk: number;
  /** Bytes of kernel values that are kept between passes. */
  readonly kept: number;
}

/** What is known of a fit beside its rows and coordinates. */
export interface FitPlanOptions {
  /** Bytes that the fit may take; no limit when absent. */
  readonly memory?: number | undefined;
  /** How fast the engine is: with them the plan has seconds and keeps to `seconds` of the options. */
  readonly rates?: EngineRates | undefined;
  /** Levels of the categories that are not spelled out in coordinates. */
  readonly blockSizes?: readonly number[] | undefined;
  /** Default regression. */
  readonly task?: "regression" | "classification" | undefined;
  /** Columns that are solved for: 1, or the classes less one. Default 1. */
  readonly outputs?: number | undefined;
  /** What the search has to know; default numbers of several units. */
  readonly table?: TableShape | undefined;
  /** Rows stream from disk: how many are in memory, how many bytes each takes on disk, and the cells of the table they come from. */
  readonly streamed?:
    | { readonly sampleRows: number; readonly rowBytes: number; readonly cells: number }
    | undefined;
  /** Default 0. */
  readonly testRows?: number | undefined;
  /** Default false. */
  readonly baselines?: boolean | undefined;
  /** Columns whose importance is measured, and how; default none. */
  readonly importances?:
    | {
        readonly columns: number;
        readonly refits: number;
        readonly refitRows: number;
        readonly rows?: number | undefined;
      }
    | undefined;
}

/** Bytes of kernel values that are kept between passes at most; more would not pay. */
const MOST_KEPT = 2 ** 30;
/** What reading a cell twice and spooling it takes, in bytes of a plain pass. */
const CELL_READ = 4000;

/** Part of the time that is kept for what follows the fit: scores, baselines, importances. */
const EXTRAS_SHARE = 0.15;
/** The search ends in time for a fit to all rows that takes so many times what is estimated. */
const LENIENCE = 1.25;
/** The search may have this part of the time even where that leaves too little for the fit to all rows. */
const LEAST_SEARCH = 0.4;

/**
 * Plans a fit within a budget of memory and time: by which method, and what it takes. When nothing of the effort asked for fits into
 * memory, the next smaller one is taken and said so.
 *
 * @throws InputError with the numbers when nothing fits
 */
export function planFit(
  rows: number,
  coordinates: number,
  options: ResolvedFitOptions,
  given: FitPlanOptions = {},
): FitPlan {
  const { memory = Infinity } = given;
  const efforts = ["thorough", "default", "quick"] as const;
  const smaller =
    options.machine && !given.streamed ? [] : efforts.slice(efforts.indexOf(options.effort) + 1);
  const plans = [options.effort, ...smaller].map((effort) =>
    planOf(rows, coordinates, { ...options, effort }, given),
  );
  // What streams has no other choice than fewer centers.
  if (given.streamed && options.centers === undefined)
    for (const part of [1 / 2, 1 / 4, 1 / 8])
      plans.push(
        planOf(
          rows,
          coordinates,
          { ...options, effort: "quick", centers: Math.round(part * PLANS.quick.centers) },
          given,
        ),
      );
  const [wanted] = plans as [FitPlan];
  const plan = plans.find(({ bytes }) => bytes <= memory);
  if (!plan) {
    const least = plans.at(-1)!;
    throw new InputError(
      `${rows} rows of ${coordinates} numbers need about ${gigabytes(least.bytes)} of memory${options.machine ? ` (a kernel matrix of ${least.solveRows} × ${least.solveRows})` : " even with effort quick"}, and ${gigabytes(memory)} may be used; fit on fewer rows or allow more memory`,
    );
  }
  if (plan === wanted) return plan;
  const reduced = `effort ${options.effort} would take about ${gigabytes(wanted.bytes)} of memory and ${gigabytes(memory)} may be used: effort ${plan.effort}${given.streamed ? ` with ${plan.solveRows} centers` : ""} (${gigabytes(plan.bytes)}) is taken instead`;
  return { ...plan, reduced };
}

function planOf(
  rows: number,
  coordinates: number,
  options: ResolvedFitOptions,
  {
    memory = Infinity,
    rates,
    blockSizes = [],
    task = "regression",
    outputs = 1,
    streamed,
    table = { wide: false, categories: blockSizes.length > 0, oneUnit: false },
    testRows = 0,
    baselines = false,
    importances,
  }: FitPlanOptions,
): FitPlan {
  const { machine, effort, seconds, method: wantedMethod } = options;
  const heldRows = streamed?.sampleRows ?? rows;
  const { refit, tree: division } = PLANS[effort];
  // The encoded table in both precisions, a view of it, and gradients; two κ × κ tables of each block, its metric and its distances.
  const fixed =
    heldRows * coordinates * 32 + 2 ** 27 + blockSizes.reduce((sum, size) => sum + 16 * (size + 1) ** 2, 0);
  const whole = { rows, coordinates, outputs, task, effort, table, centers: options.centers, heldRows };
  const least = streamed && methodCosts({ ...whole, memory: 0 }, ["nystrom"])[0]!.bytes;
  const kept =
    least === undefined ? undefined : Math.max(0, Math.min(MOST_KEPT, (memory - fixed - least) / 2));
  const fit = { ...whole, memory: kept };

  const search = machine ? undefined : searchCost({ ...fit, rows: heldRows });
  const extras = testRows > 0 || baselines || importances !== undefined;
  const allowed = seconds === undefined ? undefined : (1 - (extras ? EXTRAS_SHARE : 0)) * seconds;
  const searching =
    search && allowed !== undefined && rates
      ? Math.min(secondsOf(search.work, rates), SEARCH_SHARE * allowed)
      : 0;
  const choice =
    machine && !streamed
      ? undefined
      : chooseMethod(fit, {
          memory: Math.max(0, memory - fixed),
          seconds: allowed === undefined ? undefined : allowed - searching,
          rates,
          methods: streamed ? ["nystrom"] : wantedMethod && [wantedMethod],
        });
  const tree = machine ? machine.tree : division;
  const method = choice ? choice.method : tree && rows > tree.capacity ? "tree" : "direct";
  const taken = choice ?? { method, ...givenMachineCost(fit, machine!) };
  const leaves = method === "tree" ? leavesOf(rows - judgingRows(rows), tree!) : undefined;
  const centers = choice?.centers ?? 0;
  const pieces = leaves?.leaves ?? (machine || method === "nystrom" ? 1 : Math.ceil(rows / refit.solveRows));
  const solveRows = leaves?.size ?? (method === "nystrom" ? centers : Math.ceil(rows / pieces));
  const bytes = fixed + Math.max(taken.bytes, search?.bytes ?? 0);

  const fitting = rates && secondsOf(taken.work, rates);
  const limits =
    allowed === undefined
      ? undefined
      : {
          search:
            fitting === undefined
              ? SEARCH_SHARE * allowed
              : Math.max(LEAST_SEARCH * allowed, allowed - LENIENCE * fitting),
          fit: allowed,
        };

  const members = machine || method !== "direct" ? 1 : expectedMembers(fit);
  const asked = method === "direct" ? rows : Math.min(rows, leaves ? 2 * leaves.size : centers);
  const stages = (
    [
      ["reading", streamed && { ...noWork, traffic: CELL_READ * streamed.cells }],
      ["comparing", search?.work],
      ["fitting", taken.work],
      [
        "testing",
        testRows > 0 ? productWork(members * testRows, asked, { coordinates, outputs }, outputs) : undefined,
      ],
      ["baselines", baselines ? baselineWork(fit) : undefined],
      ["importances", importances && importanceWork(fit, { ...importances, members, centers: asked })],
    ] as const
  ).flatMap(([stage, work]): PlannedStage[] =>
    // A search that would take longer is ended.
    work
      ? [
          {
            stage,
            work,
            seconds:
              rates &&
              Math.min(
                secondsOf(work, rates),
                stage === "comparing" ? (limits?.search ?? Infinity) : Infinity,
              ),
          },
        ]
      : [],
  );
  return {
    rows,
    coordinates,
    effort,
    method,
    reason: streamed
      ? `${rows.toLocaleString("en-US")} rows${memory < Infinity ? ` do not fit into ${gigabytes(memory)} and` : ""} stream from disk, which this method alone can do`
      : (choice?.reason ?? "the machine is given"),
    ...(streamed ? { streamed: { sampleRows: heldRows, disk: rows * streamed.rowBytes, kept: kept! } } : {}),
    solveRows,
    pieces,
    bytes,
    stages,
    flops: stages.reduce((sum, { work }) => sum + work.flops, 0),
    seconds: rates && stages.reduce((sum, stage) => sum + stage.seconds!, 0),
    limits,
    considered: choice?.considered ?? [taken],
  };
}
