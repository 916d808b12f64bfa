import { fitIntervals, type Importances, importances } from "../explain/index.ts";
import { isDifferenceKernel, kernelName } from "../kernels/index.ts";
import type { Engine } from "../linalg/index.ts";
import { openEngine } from "../linalg/open-engine.ts";
import {
  type Effort,
  type EngineRates,
  type FitControl,
  fitFeatureMachine,
  type FitOptions,
  type FitProgress,
  type LearningProblem,
  type OneHotGroup,
  parseFitOptions,
  type ResolvedFitOptions,
  takeProblem,
  type Target,
} from "../machines/index.ts";
import { type BaselineResult, fitBaselines } from "./baselines.ts";
import { trainTestRows } from "./train-test-rows.ts";
import { candidateName } from "../machines/automatic/candidate.ts";
import { WIDE } from "../machines/automatic/search.ts";
import { anySignal } from "../machines/any-signal.ts";
import { timeLimit } from "../machines/time-limit.ts";
import { unlessEnough } from "../machines/unless-enough.ts";
import { numberMoments, type TableCensus } from "./column-census.ts";
import type { ColumnKind } from "./column-kinds.ts";
import { cutShortSentence } from "./cut-short.ts";
import { encode, type Encoder, fitEncoder } from "./encoder.ts";
import { InputError } from "./errors.ts";
import type { Spool } from "./row-spool.ts";
import { spooledRowBytes, spoolStream, type StreamEncoding } from "./spool-stream.ts";
import type { SampledStream } from "./table-stream.ts";
import { type FitPlan, planFit } from "./fit-plan.ts";
import { type FitRecord, lineamentVersion } from "./fit-record.ts";
import {
  checkTable,
  columnNamed,
  quote,
  rowNumber,
  sourceOf,
  type Table,
  takeTableRows,
  withoutColumns,
} from "./table.ts";
import {
  type EvaluatedTable,
  explainedColumns,
  pointsOf,
  scoresOf,
  TableModel,
  type TableModelParts,
} from "./table-model.ts";
import { type LearnedTarget, readTarget, type TargetSpec, targetValues, type Task } from "./target.ts";

/** How a table is fitted: which columns mean what, and the options of every fit. */
export interface TableFitOptions extends Omit<FitOptions, "task"> {
  /** The column to predict. */
  readonly target: string;
  /** Default "auto": text, truth values and few whole numbers are classes. */
  readonly task?: "auto" | Task | undefined;
  /** Use only these columns. */
  readonly features?: readonly string[] | undefined;
  /** Leave these columns out. */
  readonly exclude?: readonly string[] | undefined;
  /** Kinds that overrule what is inferred. */
  readonly kinds?: Readonly<Record<string, ColumnKind>> | undefined;
  /** A column of positive weights. */
  readonly weights?: string | undefined;
  /** A column whose equal values mark rows that belong together: they are never divided between training and validation. */
  readonly groups?: string | undefined;
  /** A column that holds `train` and `test`. Test rows are scored at the end and never looked at before. */
  readonly split?: string | undefined;
  /** A table of test rows, instead of `split`. */
  readonly test?: Table | undefined;
  /**
   * The table is a sample of these rows, which do not fit into memory (`sampleStream`): the last solve passes over them all. Machine,
   * metric, validation, intervals, baselines and importances come from the sample.
   */
  readonly stream?: SampledStream | undefined;
  /** Where encoded rows of the stream are kept. */
  readonly spool?: Spool | undefined;
  /** Also fit simple learners to compare with. Default true. */
  readonly baselines?: boolean | undefined;
  /** Also measure how much each column matters, with bands and a noise floor. Default true. */
  readonly importances?: boolean | undefined;
  /** Bytes that the fit may take; without it, memory is not planned. */
  readonly memory?: number | undefined;
  /** How fast the engine is (`measureRates`): the plan then tells seconds, and `seconds` may choose a faster method. */
  readonly rates?: EngineRates | undefined;
  /** Where the table came from, kept in the model as it is: a plain JSON value. */
  readonly data?: FitRecord["data"];
  /** Does the linear algebra; one is opened when absent. */
  readonly engine?: Engine | undefined;
  /** Threads that each fit a part of the machine on one processor; see `FitControl`. Default 0. */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * When it is aborted, the best machine so far becomes the model, soon: `cutShort` of the record says what ended early. The same
   * happens when `seconds` are over.
   */
  readonly enough?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TableFitProgress) => void) | undefined;
  /** Told what will be done, before it is. */
  readonly onPlan?: ((plan: TableFitPlan) => void) | undefined;
}

/** Where a fit is. `fraction` runs from 0 to 1, roughly in proportion to time. */
export interface TableFitProgress {
  readonly stage: "reading" | FitProgress["stage"] | "baselines" | "explaining";
  readonly fraction: number;
  readonly message: string;
}

/** What was read from the table, and what will be done with it. */
export interface TableFitPlan extends FitPlan {
  readonly target: TargetSpec;
  readonly taskReason: string;
  readonly columns: Encoder["columns"];
  readonly trainRows: number;
  readonly testRows: number;
  /** Rows left out because their target is missing. */
  readonly withoutTarget: number;
}

/** A fitted model, and what was seen on the way to it. */
export interface TableFit {
  readonly model: TableModel;
  readonly plan: TableFitPlan;
  /** The model on the test rows. */
  readonly test: EvaluatedTable | undefined;
  readonly importances: Importances | undefined;
  /** What simple learners predict for the test rows, or by cross-validation. */
  readonly baselines: readonly BaselineResult[];
}

/**
 * Fits a table: reads the target, infers what columns mean, encodes them, chooses and fits a machine by validation on the
 * training rows, and compares it with simple learners. Test rows take no part in anything but the final scores.
 *
 * @example
 * const { model } = await fitTable(fromRecords(rows), { target: "price" });
 * const { values } = await model.predict(fromRecords(newRows));
 *
 * @throws InputError in one line when table or options cannot be used, before any work
 * @throws the reason of the signal when it is aborted
 */
export async function fitTable(table: Table, options: TableFitOptions): Promise<TableFit> {
  const started = performance.now();
  const prepared = prepareFit(table, options);
  const { plan } = prepared;
  options.onPlan?.(plan);
  const spent = (performance.now() - started) / 1000;
  const limits = [plan.limits?.search, plan.limits?.fit, options.seconds].map((seconds) =>
    timeLimit(seconds === undefined ? undefined : seconds - spent),
  );
  const [enoughSearch, enoughFit, enoughOfAll] = limits.map(({ signal }) =>
    anySignal(options.enough, signal),
  );
  try {
    return await fitPrepared(prepared, options, started, {
      enoughSearch,
      enough: enoughFit,
      enoughOfAll,
    });
  } finally {
    for (const limit of limits) limit.clear();
  }
}

/** When a part of a fit is to end. */
interface TableFitEnds extends Pick<FitControl, "enough" | "enoughSearch"> {
  /** What follows the fit of the machine is left out or shortened. */
  readonly enoughOfAll: AbortSignal | undefined;
}

async function fitPrepared(
  prepared: PreparedFit,
  options: TableFitOptions,
  started: number,
  { enoughOfAll, ...ends }: TableFitEnds,
): Promise<TableFit> {
  const { data, engine, workers, signal, onProgress } = options;
  const { resolved, roles, learned, rows, encoder, problem, testTable, plan } = prepared;
  const { target } = problem;
  const n = rows.rows;

  const opened = engine ?? (await openEngine());
  const report =
    (stage: TableFitProgress["stage"], from: number, to: number) => (fraction: number, message: string) =>
      onProgress?.({ stage, fraction: from + (to - from) * Math.min(1, fraction), message });
  const extras = ((options.baselines ?? true) ? 0.1 : 0) + ((options.importances ?? true) ? 0.1 : 0);
  const { stream } = options;
  if (stream && !options.spool)
    throw new TypeError("fitTable: a stream of rows needs a spool, where they are kept");
  const spooled = stream ? READING : 0;
  // The limits of the plan take the place of a limit on seconds.
  const fitted = await fitFeatureMachine(
    opened,
    problem,
    { ...resolved, seconds: undefined },
    {
      workers,
      ...ends,
      stream: stream && {
        rows: await spoolStream(stream, options.spool!, prepared.encoding, {
          signal,
          onRows: (done) =>
            report("reading", 0, spooled)(done / plan.trainRows, `encoding ${plan.trainRows} rows to disk`),
        }),
        positions: stream.positions,
        memory: plan.streamed!.kept,
      },
      signal,
      onProgress: ({ stage, fraction, message }) => report(stage, spooled, 1 - extras)(fraction, message),
    },
  );
  const { state } = fitted;
  // A Nyström machine, or one without time, keeps some of its rows.
  const { rows: kept } = state;
  const all = Int32Array.from({ length: n }, (_, i) => i);

  const parts: Omit<TableModelParts, "record"> = {
    encoder,
    target: learned.spec,
    intervals:
      target.task === "regression" ? fitIntervals(state.validation, { seed: resolved.seed }) : undefined,
    training: {
      sourceRows: Int32Array.from(kept ?? all, (i) => rowNumber(rows, i) - 1),
      target: kept ? Float64Array.from(kept, (i) => learned.values[i]!) : learned.values,
    },
  };
  const expansions = state.members.flatMap((member) => member.expansions);
  let record: FitRecord = {
    task: learned.spec.task,
    taskReason: learned.reason,
    target: options.target,
    roles: [...new Set(Object.values(roles).filter((column) => column !== undefined))],
    ...(learned.spec.task === "classification" ? { classes: learned.spec.classes } : {}),
    rows: {
      train: plan.trainRows,
      test: plan.testRows,
      withoutTarget: plan.withoutTarget,
      ...(stream ? { sampled: n } : {}),
    },
    columns: [...encoder.columns],
    chosen: {
      machines: state.members.map(({ recipe }) => ({
        name: memberName(recipe),
        weight: recipe.weight,
        updates: recipe.ridges.length - 1,
        ridge: recipe.ridges.at(-1)!,
      })),
      candidates: state.summary.evaluated,
      coordinates: encoder.coordinates.length,
      method: plan.method,
      solveRows: Math.max(...expansions.map(({ rows: own }) => own.length)),
      pieces: Math.max(...state.members.map((member) => member.expansions.length)),
    },
    validation: scoresOf(state.validation.target, state.validation.predictions),
    baselines: {},
    importances: [],
    seconds: 0,
    engine: opened.description,
    effort: resolved.effort,
    seed: resolved.seed,
    options: plainOptions(options),
    version: lineamentVersion,
    ...(data === undefined ? {} : { data }),
    warnings: [],
  };
  const evaluated =
    testTable && (await new TableModel(fitted, { ...parts, record }).evaluate(testTable, { signal }));
  let baselines: BaselineResult[] = [];
  if (options.baselines ?? true) {
    const progress = report("baselines", 1 - extras, 1 - extras + 0.1);
    baselines = await fitBaselines(opened, problem, {
      seed: resolved.seed,
      effort: resolved.effort,
      test: evaluated && testTable && testTarget(encoder, evaluated, testTable, target),
      signal,
      enough: enoughOfAll,
      onProgress: ({ fraction, message }) => progress(fraction, message),
    });
  }
  let measured: Importances | undefined;
  let whole: Importances | undefined;
  if (options.importances ?? true) {
    const progress = report("explaining", 0.9, 1);
    progress(0, "measuring how much each column matters");
    const own = kept ? takeProblem(problem, kept) : problem;
    const shared = { columns: explainedColumns(encoder), seed: resolved.seed };
    whole = await unlessEnough(
      (either) =>
        importances(fitted, own, {
          ...shared,
          signal: either,
          ...importanceOptions(resolved.effort, encoder),
          onProgress: ({ done, of }) => progress(done / of, "measuring how much each column matters"),
        }),
      { signal, enough: enoughOfAll },
    );
    measured = whole ?? (await importances(fitted, own, { ...shared, signal, ...QUICK_IMPORTANCES }));
  }
  const cutShort = [
    ...(state.summary.cutShort ?? []),
    ...((options.baselines ?? true) && baselines.length < 3 ? (["baselines"] as const) : []),
    ...(measured && !whole ? (["importances"] as const) : []),
  ];
  record = {
    ...record,
    ...(evaluated ? { test: evaluated.evaluation.test } : {}),
    baselines: Object.fromEntries(baselines.map((one) => [one.name, scoresOf(one.target, one.predictions)])),
    importances: importanceRecords(measured),
    ...(cutShort.length > 0 ? { cutShort } : {}),
    warnings: [...(stream?.notices ?? []), ...warningsOf(plan, state, cutShort, evaluated)],
    seconds: Math.round(performance.now() - started) / 1000,
  };
  onProgress?.({ stage: "explaining", fraction: 1, message: "done" });
  return {
    model: new TableModel(fitted, { ...parts, record }),
    plan,
    test: evaluated,
    importances: measured,
    baselines,
  };
}

/**
 * What `fitTable` would do with a table, and what that takes: everything that comes before the first fit.
 *
 * @throws InputError as `fitTable` does
 */
export function planTable(table: Table, options: TableFitOptions): TableFitPlan {
  return prepareFit(table, options).plan;
}

/** A table that is read and encoded, and how it will be fitted. */
interface PreparedFit {
  readonly resolved: ResolvedFitOptions;
  readonly roles: Readonly<Record<"target" | "split" | "weights" | "groups", string | undefined>>;
  readonly learned: LearnedTarget;
  /** Training rows that have a target. */
  readonly rows: Table;
  readonly encoder: Encoder;
  readonly problem: LearningProblem;
  /** How rows became the problem. */
  readonly encoding: StreamEncoding;
  readonly testTable: Table | undefined;
  readonly plan: TableFitPlan;
}

/** @throws InputError in one line when table or options cannot be used */
function prepareFit(table: Table, options: TableFitOptions): PreparedFit {
  const {
    target: name,
    task,
    features,
    exclude,
    kinds,
    weights,
    groups,
    split,
    test,
    memory,
    rates,
    stream,
  } = options;
  const { effort, method, centers, seconds, seed, machine, classWeights } = options;
  const given = defined({ effort, method, centers, seconds, seed, machine, classWeights });
  const resolved = asInputError(() => parseFitOptions(given));
  checkTable(table);
  for (const column of [name, split, weights, groups]) if (column !== undefined) columnNamed(table, column);
  const roles = { target: name, split, weights, groups };
  checkRoles(roles, features);
  if (split !== undefined && test)
    throw new InputError("test rows come from a split column or a test table, not from both");
  if (stream) checkStream(stream, options);

  const division = split === undefined || stream ? undefined : trainTestRows(table, split);
  const trainTable = division ? takeTableRows(table, division.train) : table;
  const testTable = division
    ? { ...takeTableRows(table, division.test), source: `test rows of ${sourceOf(table)}` }
    : (stream?.test ?? test);
  const learned = readTarget(trainTable, name, { task, census: stream?.census });
  checkMagnitude(trainTable, learned, stream?.census);
  const rows = learned.rows.length === trainTable.rows ? trainTable : takeTableRows(trainTable, learned.rows);
  const inputs = withoutColumns(rows, [
    ...new Set(Object.values(roles).filter((column) => column !== undefined)),
  ]);
  // Other kernels take coordinates only.
  const blocks = !resolved.machine || isDifferenceKernel(resolved.machine.kernel);
  const encoder = fitEncoder(inputs, { kinds, features, exclude, blocks, census: stream?.census });
  checkLevels(encoder, rows);
  const encoded = encode(encoder, inputs);
  const n = rows.rows;
  const target: Target =
    learned.spec.task === "regression"
      ? { task: "regression", y: { data: learned.values, rows: n, cols: 1 } }
      : { task: "classification", labels: learned.codes!, classes: learned.spec.classes.length };
  const weighing = weights === undefined ? undefined : weightsOf(rows, weights, stream?.census);
  const problem: LearningProblem = {
    x: pointsOf(encoded),
    blockSizes: encoder.blocks.map(({ levels }) => levels.length),
    groups: oneHotGroups(encoder),
    rawScale: encoder.coordinates.map(({ scale }) => scale),
    target,
    weights: weighing?.(rows),
    rowGroups: groups === undefined ? undefined : readGroups(rows, groups),
  };
  // Whether test rows can be scored is known before a model is fitted for them.
  if (testTable) {
    encode(encoder, testTable);
    if (targetValues(learned.spec, testTable).rows.length === 0)
      throw new InputError(
        `${sourceOf(testTable)}: no test row has a target ${quote(name)} that can be scored`,
      );
  }
  const encoding = { encoder, spec: learned.spec, weights: weighing };
  const trainRows = stream?.rows.train ?? n;
  const fitPlan = planFit(trainRows, encoder.coordinates.length, resolved, {
    streamed: stream && {
      sampleRows: n,
      rowBytes: spooledRowBytes(encoding),
      cells: stream.stream.rows * table.columns.length,
    },
    memory,
    rates,
    blockSizes: problem.blockSizes,
    task: target.task,
    outputs: target.task === "regression" ? 1 : target.classes - 1,
    table: {
      wide: encoder.coordinates.length > WIDE,
      categories: problem.groups.length + problem.blockSizes.length > 0,
      oneUnit: false,
    },
    testRows: testTable?.rows,
    baselines: options.baselines ?? true,
    importances:
      (options.importances ?? true)
        ? { columns: encoder.sources.length, ...importanceOptions(resolved.effort, encoder) }
        : undefined,
  });
  const plan: TableFitPlan = {
    ...fitPlan,
    target: learned.spec,
    taskReason: learned.reason,
    columns: encoder.columns,
    trainRows,
    testRows: testTable?.rows ?? 0,
    withoutTarget: stream?.rows.withoutTarget ?? learned.missing,
  };
  const { effort: taken, method: by } = plan;
  return {
    resolved: {
      ...resolved,
      effort: taken,
      ...(machine ? {} : { method: by }),
      ...(by === "nystrom" ? { centers: plan.solveRows } : {}),
    },
    roles,
    learned,
    rows,
    encoder,
    encoding,
    problem,
    testTable,
    plan,
  };
}

/** @throws InputError when rows that do not fit into memory cannot be fitted so */
function checkStream(
  { roles }: SampledStream,
  { target, split, groups, method, classWeights }: TableFitOptions,
): void {
  if (roles.target !== target || roles.split !== split)
    throw new RangeError("fitTable: the stream was sampled for another target or split");
  if (method !== undefined && method !== "nystrom")
    throw new InputError(
      `method: a table larger than memory is fitted by nystrom, not by ${method}; allow more memory or take fewer rows`,
    );
  // The last solve would see rows of the groups that validate it.
  if (groups !== undefined)
    throw new InputError(
      `groups ${quote(groups)}: rows of a table larger than memory cannot be kept together; allow more memory or take fewer rows`,
    );
  if (classWeights === "balanced")
    throw new InputError(
      "classWeights: classes of a table larger than memory are not balanced; give weights in a column",
    );
}

/** Part of a fit from a stream that is spent on encoding its rows. */
const READING = 0.05;

/** Beyond this many coordinates importances look at fewer rows, as every redrawn column costs a prediction of them all. */
const BROAD = 150;

/** Refits behind the noise floor and the bands of importances: about a quarter of the time of the fit. */
const IMPORTANCE_REFITS: Readonly<Record<Effort, { readonly refits: number; readonly refitRows: number }>> = {
  quick: { refits: 2, refitRows: 500 },
  default: { refits: 2, refitRows: 600 },
  thorough: { refits: 4, refitRows: 2000 },
};

/** Importances when there is no time: without a noise floor, on fewer rows. */
const QUICK_IMPORTANCES = { refits: 0, rows: 120 };

function importanceOptions(effort: Effort, { coordinates }: Encoder) {
  return { ...IMPORTANCE_REFITS[effort], ...(coordinates.length > BROAD ? { rows: 120 } : {}) };
}

/** A category of κ levels has κ × κ distances: only one that the user asked for can be larger than what is inferred. */
const MOST_LEVELS = 3000;

function checkLevels(encoder: Encoder, table: Table): void {
  for (const { column, levels } of encoder.blocks)
    if (levels.length > MOST_LEVELS)
      throw new InputError(
        `${sourceOf(table)}: column ${quote(column)} has ${levels.length} levels, and a category may have at most ${MOST_LEVELS}; merge rare levels or leave the column out`,
      );
}

/** Fourth powers of targets must be numbers. */
const LARGEST_TARGET = 1e60;

function checkMagnitude(
  table: Table,
  { spec, values, rows }: LearnedTarget,
  census: TableCensus | undefined,
): void {
  if (spec.task === "classification") return;
  const at = values.findIndex((value) => Math.abs(value) > LARGEST_TARGET);
  const where = `${sourceOf(table)}: target ${quote(spec.column)}`;
  if (at >= 0)
    throw new InputError(
      `${where}, row ${rowNumber(table, rows[at]!)}: ${values[at]} is too large to be fitted; rescale the target`,
    );
  const all = census && numberMoments(census, spec.column);
  if (all && Math.max(-all.least, all.most) > LARGEST_TARGET)
    throw new InputError(`${where}: some values are too large to be fitted; rescale the target`);
  const [first] = values;
  if (values.every((value) => Math.abs(value - first!) < 1 / LARGEST_TARGET))
    throw new InputError(
      `${where}: the values differ by less than ${1 / LARGEST_TARGET}; rescale the target`,
    );
}

function checkRoles(
  roles: Readonly<Record<string, string | undefined>>,
  features: readonly string[] | undefined,
): void {
  const seen = new Map<string, string>();
  for (const [role, column] of Object.entries(roles)) {
    if (column === undefined) continue;
    const other = seen.get(column);
    if (other !== undefined)
      throw new InputError(`column ${quote(column)} cannot be both ${other} and ${role}`);
    if (features?.includes(column))
      throw new InputError(`features: column ${quote(column)} is the ${role}; a machine must not see it`);
    seen.set(column, role);
  }
}

/** How weights are read from some rows. Only their proportions matter: the mean of all is 1. */
function weightsOf(
  rows: Table,
  name: string,
  census: TableCensus | undefined,
): (part: Table) => Float64Array {
  const all = census && numberMoments(census, name);
  const mean = all
    ? all.mean * all.unit
    : readWeights(rows, name).reduce((sum, value) => sum + value / rows.rows, 0);
  return (part) => readWeights(part, name).map((value) => value / mean);
}

function readWeights(table: Table, name: string): Float64Array {
  const column = columnNamed(table, name);
  const where = `${sourceOf(table)}: weights ${quote(name)}`;
  if (column.type !== "number")
    throw new InputError(`${where} are ${column.type}s; weights are positive numbers`);
  const bad = column.values.findIndex((value) => !(value > 0 && value < Infinity));
  if (bad >= 0)
    throw new InputError(
      `${where}, row ${rowNumber(table, bad)}: ${Number.isNaN(column.values[bad]!) ? "the cell is empty" : column.values[bad]}; weights are positive numbers`,
    );
  return column.values;
}

function readGroups(table: Table, name: string): Int32Array {
  const column = columnNamed(table, name);
  const values = column.type === "text" ? column.codes : column.values;
  const seen = new Map<number, number>();
  const groups = Int32Array.from({ length: table.rows }, (_, i) => {
    const value = values[i]!;
    if (Number.isNaN(value) || (column.type === "text" && value < 0))
      throw new InputError(
        `${sourceOf(table)}: groups ${quote(name)}, row ${rowNumber(table, i)}: the cell is empty; every row needs a group`,
      );
    if (!seen.has(value)) seen.set(value, seen.size);
    return seen.get(value)!;
  });
  if (seen.size < 2)
    throw new InputError(
      `${sourceOf(table)}: groups ${quote(name)}: all rows are of one group; validation needs two`,
    );
  return groups;
}

/** One-hot coordinates of a column, which lie side by side. */
function oneHotGroups(encoder: Encoder): OneHotGroup[] {
  return encoder.sources.flatMap(({ coordinates }) => {
    const [start] = coordinates;
    return start !== undefined && encoder.coordinates[start]!.part === "level"
      ? [{ start, end: start + coordinates.length }]
      : [];
  });
}

/** The scored test rows for baselines. */
function testTarget(
  encoder: Encoder,
  { rows, actual }: EvaluatedTable,
  table: Table,
  { task, ...rest }: Target,
): { x: LearningProblem["x"]; target: Target } {
  const x = pointsOf(encode(encoder, rows.length === table.rows ? table : takeTableRows(table, rows)));
  return {
    x,
    target:
      task === "regression"
        ? { task, y: { data: actual, rows: actual.length, cols: 1 } }
        : { task, labels: Int32Array.from(actual), classes: "classes" in rest ? rest.classes : 0 },
  };
}

function memberName({
  view,
  targetMeans,
  logarithm,
  settings,
}: TableModel["machine"]["state"]["members"][number]["recipe"]): string {
  const { kernel, form, power, bandwidth } = settings;
  if ((kernel.family !== "laplace" && kernel.family !== "lpq") || bandwidth === "constant")
    return `${isDifferenceKernel(kernel) ? `${kernel.family}, bandwidth ${kernel.bandwidth}` : kernelName(kernel)}; ${form} metric, power ${power}; ${view} inputs${logarithm ? "; log target" : ""}`;
  return candidateName({
    view,
    targetMeans,
    logarithm,
    p: kernel.family === "lpq" && kernel.p === 1 ? 1 : 2,
    q: kernel.exponent,
    form,
    power,
    bandwidth: kernel.bandwidth,
  });
}

function importanceRecords(measured: Importances | undefined): FitRecord["importances"] {
  return (measured?.columns ?? [])
    .toSorted((a, b) => b.share - a.share)
    .map(({ name, share, low, high, aboveNoise }) => ({
      column: name,
      importance: share,
      lower: low,
      upper: high,
      ...(aboveNoise === undefined ? {} : { aboveNoise }),
    }));
}

function warningsOf(
  plan: TableFitPlan,
  state: TableModel["machine"]["state"],
  cutShort: NonNullable<FitRecord["cutShort"]>,
  test: EvaluatedTable | undefined,
): string[] {
  const jitter = Math.max(...state.members.map((member) => member.jitter));
  return [
    ...plan.columns.flatMap(({ notice }) => notice ?? []),
    ...(plan.withoutTarget > 0
      ? [`${plan.withoutTarget} row${plan.withoutTarget === 1 ? "" : "s"} without a target left out`]
      : []),
    ...(plan.reduced === undefined ? [] : [plan.reduced]),
    ...(cutShort.length > 0 ? [cutShortSentence(cutShort)] : []),
    ...(jitter > 0
      ? [
          `a kernel matrix was not numerically positive definite; ${jitter.toExponential(1)} was added to its diagonal`,
        ]
      : []),
    ...(test?.evaluation.warnings ?? []),
  ];
}

/** Options that say what was fitted, not on what machine: plain values, for the record. */
function plainOptions(options: TableFitOptions): FitRecord["options"] {
  const own = [
    "test",
    "stream",
    "spool",
    "data",
    "memory",
    "rates",
    "engine",
    "workers",
    "signal",
    "enough",
    "onProgress",
    "onPlan",
  ];
  const plain = Object.entries(options).filter(([name, value]) => value !== undefined && !own.includes(name));
  return JSON.parse(JSON.stringify(Object.fromEntries(plain))) as FitRecord["options"];
}

function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function asInputError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw new InputError(error.message.replaceAll(/\s*\n\s*/gu, " "));
    throw error;
  }
}
