import { z } from "zod";
import { isPadded, parseNumber } from "./cells.ts";
import { censusOf, type ColumnCensus, type TableCensus } from "./column-census.ts";
import { InputError } from "./errors.ts";
import {
  type Column,
  type Table,
  checkTable,
  columnNamed,
  quote,
  rowNumber,
  sourceOf,
  textColumn,
} from "./table.ts";

export type Task = "regression" | "classification";

/** What is predicted: a plain JSON value, part of the model. */
export const targetSpecSchema = z.discriminatedUnion("task", [
  z.object({ task: z.literal("regression"), column: z.string() }),
  z.object({
    task: z.literal("classification"),
    column: z.string(),
    classes: z.array(z.string()).min(2),
  }),
]);
export type TargetSpec = z.infer<typeof targetSpecSchema>;

export interface TargetValues {
  /** Rows of the table that have a (known) target; the other fields speak of these. */
  readonly rows: Int32Array;
  /** The target of each kept row; in classification the number of its class. */
  readonly values: Float64Array;
  /** Classification only: the number of its class, as an index into `classes`. */
  readonly codes: Int32Array | undefined;
  /** Rows without a target. */
  readonly missing: number;
  /** Classes that training did not have; their rows are not kept. */
  readonly unknownClasses: readonly { readonly label: string; readonly count: number }[];
}

export interface LearnedTarget extends TargetValues {
  readonly spec: TargetSpec;
  /** One line: why this task. */
  readonly reason: string;
}

/** At most so many classes that are whole numbers are taken for classes without being told. */
export const maxNumericClasses = 20;

/**
 * Decides the task from training rows and reads their target. Rows without one are dropped and counted.
 *
 * "auto" classifies text, booleans and whole numbers with two values, or with at most 20 values that occur five times
 * each on average; everything else is regression. Text of which every cell is a number counts as numbers.
 * Classes are sorted: by value if they are numbers, else as text; false comes before true.
 *
 * @throws InputError when there is no such column, or it is constant, empty, infinite or text where numbers are needed,
 * or when a class has fewer than two rows
 */
export function readTarget(
  table: Table,
  name: string,
  {
    task,
    census,
  }: {
    readonly task?: "auto" | Task | undefined;
    /** Of all rows, where the table is a sample of them. */
    readonly census?: TableCensus | undefined;
  } = {},
): LearnedTarget {
  checkTable(table);
  const column = columnNamed(table, name);
  const learned = learnTarget(census ?? censusOf({ ...table, columns: [column] }), name, { task });
  return { ...learned, ...targetValues(learned.spec, table) };
}

/** What `readTarget` decides, from the census of the rows. */
export function learnTarget(
  census: TableCensus,
  name: string,
  { task = "auto" }: { readonly task?: "auto" | Task | undefined } = {},
): Pick<LearnedTarget, "spec" | "reason"> {
  const column = census.columns.find((one) => one.name === name)!;
  const where = `${sourceOf(census)}: target ${quote(name)}`;
  if (column.type === "date")
    throw new InputError(`${where} holds dates; choose numbers or classes, or convert it first`);
  const numbers = asNumbers(column);
  const count = numbers?.counts?.size ?? column.distinct;
  const rows = column.rows - column.missing;
  if (count === 0)
    throw new InputError(`${where} has no values${census.rows === 0 ? ": there are no rows" : ""}`);
  if (rows < 2) throw new InputError(`${where} is known in one row only; at least two are needed`);
  if (count === 1) throw new InputError(`${where} is the same in every row; there is nothing to learn`);

  const { chosen, reason } = choose(column, numbers, { count, rows }, task);
  if (chosen === "regression") return { spec: { task: "regression", column: name }, reason };
  if (numbers?.infinite !== undefined) throw infiniteTarget(census, name, numbers.infinite);
  const counts = numbers ? numbers.counts && byValue(numbers.counts) : labelCounts(column);
  const classes = counts && [...counts.keys()];
  if (!classes || classes.length > Math.max(maxNumericClasses, rows / 2))
    throw new InputError(
      `${where} has ${count} classes in ${rows} rows; ${numbers ? "ask for regression" : "is it an identifier? Choose another target"}`,
    );
  const rare = classes.filter((label) => counts.get(label)! < 2);
  if (rare.length > 0)
    throw new InputError(
      `${where}: ${rare.length === 1 ? "class" : "classes"} ${rare.slice(0, 5).map(quote).join(", ")}${rare.length > 5 ? ", …" : ""} ${rare.length === 1 ? "has" : "have"} fewer than two rows; remove or merge ${rare.length === 1 ? "it" : "them"}${numbers && count > 2 ? ", or ask for regression" : ""}`,
    );
  return { spec: { task: "classification", column: name, classes }, reason };
}

/** Reads the target of other rows (test, evaluate) as training read it. @throws InputError when it cannot be */
export function targetValues(spec: TargetSpec, table: Table): TargetValues {
  const column = columnNamed(table, spec.column);
  return spec.task === "regression"
    ? regressionValues(table, column, spec)
    : classValues(table, column, spec);
}

function choose(
  column: ColumnCensus,
  numbers: Numbers | undefined,
  distinct: { count: number; rows: number },
  task: "auto" | Task,
): { chosen: Task; reason: string } {
  if (task !== "auto") return { chosen: task, reason: "asked for" };
  if (column.type === "boolean") return { chosen: "classification", reason: "the target is true or false" };
  if (!numbers)
    return { chosen: "classification", reason: `the target is text with ${distinct.count} values` };
  if (!numbers.whole) return { chosen: "regression", reason: "the target is a number with fractions" };
  const few =
    distinct.count === 2 || (distinct.count <= maxNumericClasses && distinct.rows >= 5 * distinct.count);
  return few
    ? {
        chosen: "classification",
        reason: `the target is a whole number with only ${distinct.count} values`,
      }
    : {
        chosen: "regression",
        reason: `the target is a whole number with ${distinct.count} values`,
      };
}

interface Numbers {
  readonly whole: boolean;
  /** Values with the rows that have them; absent when there are too many. */
  readonly counts: ReadonlyMap<number, number> | undefined;
  /** The first row that is infinite, as people count. */
  readonly infinite: number | undefined;
}

/** A numeric column, or a text column that holds nothing but numbers. */
function asNumbers(column: ColumnCensus): Numbers | undefined {
  if (column.type === "number")
    return { whole: column.whole, counts: column.values, infinite: column.unusable?.row };
  if (column.type !== "text") return undefined;
  const counts = new Map<number, number>();
  let infinite: number | undefined;
  for (const { level, count, row } of column.levels) {
    const value = isPadded(level) ? NaN : parseNumber(level);
    if (Number.isNaN(value)) return undefined;
    if (Math.abs(value) === Infinity) infinite = Math.min(infinite ?? Infinity, row);
    counts.set(value, (counts.get(value) ?? 0) + count);
  }
  return {
    whole: [...counts.keys()].every(Number.isInteger),
    counts: column.complete ? counts : undefined,
    infinite,
  };
}

/** Classes that are numbers, by value. */
function byValue(counts: ReadonlyMap<number, number>): Map<string, number> {
  return new Map([...counts].sort(([a], [b]) => a - b).map(([value, count]) => [String(value), count]));
}

/** Classes that are truth values or texts, sorted; undefined when they are too many to be known. */
function labelCounts(column: ColumnCensus): Map<string, number> | undefined {
  if (column.type !== "text")
    return new Map([0, 1].map((value) => [String(value === 1), column.values?.get(value) ?? 0]));
  if (!column.complete) return undefined;
  return new Map(
    column.levels.map(({ level, count }) => [level, count] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function infiniteTarget(table: Pick<Table, "source">, name: string, row: number): InputError {
  return new InputError(
    `${sourceOf(table)}: target ${quote(name)}, row ${row}: the value is infinite; remove the row`,
  );
}

function parsed(codes: Int32Array, levels: readonly string[]): Float64Array {
  const values = levels.map(parseNumber);
  return Float64Array.from(codes, (code) => (code < 0 ? NaN : values[code]!));
}

function regressionValues(table: Table, column: Column, { column: name }: TargetSpec): TargetValues {
  const where = `${sourceOf(table)}: target ${quote(name)}`;
  if (column.type === "date")
    throw new InputError(`${where} holds dates where numbers are needed; convert it first`);
  if (column.type === "text") {
    const values = column.levels.map(parseNumber);
    const bad = column.codes.findIndex((code) => code >= 0 && Number.isNaN(values[code]!));
    if (bad >= 0)
      throw new InputError(
        `${where}, row ${rowNumber(table, bad)}: ${quote(column.levels[column.codes[bad]!]!)} is not a number, and regression needs numbers; correct it, or ask for classification`,
      );
  }
  const numbers = column.type === "text" ? parsed(column.codes, column.levels) : column.values;
  const infinite = numbers.findIndex((value) => Math.abs(value) === Infinity);
  if (infinite >= 0) throw infiniteTarget(table, name, rowNumber(table, infinite));
  const rows = Int32Array.from(numbers.keys()).filter((i) => !Number.isNaN(numbers[i]!));
  return {
    rows,
    values: Float64Array.from(rows, (i) => numbers[i]!),
    codes: undefined,
    missing: table.rows - rows.length,
    unknownClasses: [],
  };
}

function classValues(
  table: Table,
  column: Column,
  spec: TargetSpec & { task: "classification" },
): TargetValues {
  if (column.type === "date")
    throw new InputError(
      `${sourceOf(table)}: target ${quote(spec.column)} holds dates, the model predicts classes`,
    );
  const labels =
    column.type === "text"
      ? column
      : textColumn(
          column.name,
          Array.from(column.values, (v) =>
            Number.isNaN(v) ? null : column.type === "boolean" ? String(v === 1) : String(v),
          ),
        );
  const exact = new Map(spec.classes.map((label, k) => [label, k]));
  const byValue = new Map<string, number>(); // 1 for "1.0" or "01", true for "TRUE", when that is unambiguous
  spec.classes.forEach((label, k) => byValue.set(spelled(label), byValue.has(spelled(label)) ? -1 : k));
  const translated = labels.levels.map((label) => exact.get(label) ?? byValue.get(spelled(label)) ?? -1);

  const unknown = new Int32Array(labels.levels.length);
  let missing = 0;
  const rows = Int32Array.from(labels.codes.keys()).filter((i) => {
    const code = labels.codes[i]!;
    if (code < 0) missing++;
    else if (translated[code]! < 0) unknown[code]!++;
    else return true;
    return false;
  });
  const codes = rows.map((i) => translated[labels.codes[i]!]!);
  const unknownClasses = labels.levels
    .map((label, code) => ({ label, count: unknown[code]! }))
    .filter(({ count }) => count > 0);
  return { rows, values: Float64Array.from(codes), codes, missing, unknownClasses };
}

function spelled(label: string): string {
  const value = parseNumber(label);
  return Number.isNaN(value)
    ? /^(?:true|false)$/iu.test(label)
      ? label.toLowerCase()
      : `text ${label}`
    : String(value);
}
