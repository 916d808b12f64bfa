import { isDifferenceKernel } from "../kernels/index.ts";
import { WIDE } from "../machines/automatic/search.ts";
import {
  type LearningProblem,
  type OneHotGroup,
  parseFitOptions,
  type ResolvedFitOptions,
  type Target,
} from "../machines/index.ts";
import { numberMoments, type TableCensus } from "./column-census.ts";
import { encode, type Encoder, fitEncoder } from "./encoder.ts";
import { InputError } from "./errors.ts";
import { planFit } from "./fit-plan.ts";
import { readGroups } from "./row-groups.ts";
import { weightsOf } from "./row-weights.ts";
import { spooledRowBytes, type StreamEncoding } from "./spool-stream.ts";
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
import type { TableFitOptions, TableFitPlan } from "./table-fit-options.ts";
import { importanceOptions } from "./table-importances.ts";
import { pointsOf } from "./table-model.ts";
import type { SampledStream } from "./table-stream.ts";
import { type LearnedTarget, readTarget, type TargetSpec, targetValues } from "./target.ts";
import { trainTestRows } from "./train-test-rows.ts";

/**
 * What `fitTable` would do with a table, and what that takes: everything that comes before the first fit.
 *
 * @throws InputError as `fitTable` does
 */
export function planTable(table: Table, options: TableFitOptions): TableFitPlan {
  return prepareFit(table, options).plan;
}

/** A table that is read and encoded, and how it will be fitted. */
export interface PreparedFit {
  readonly resolved: ResolvedFitOptions;
  /** Columns that are no features. */
  readonly roles: readonly string[];
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
export function prepareFit(table: Table, options: TableFitOptions): PreparedFit {
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
  const roles = rolesOf({ target: name, split, weights, groups }, features);
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
  const inputs = withoutColumns(rows, roles);
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
  if (testTable) checkTestRows(testTable, encoder, learned.spec);
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

/** The columns that have a role. @throws InputError when one has two, or is a feature too */
function rolesOf(
  roles: Readonly<Record<string, string | undefined>>,
  features: readonly string[] | undefined,
): string[] {
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
  return [...seen.keys()];
}

/** @throws InputError when there is no test row to score */
function checkTestRows(table: Table, encoder: Encoder, spec: TargetSpec): void {
  encode(encoder, table);
  if (targetValues(spec, table).rows.length === 0)
    throw new InputError(
      `${sourceOf(table)}: no test row has a target ${quote(spec.column)} that can be scored`,
    );
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
