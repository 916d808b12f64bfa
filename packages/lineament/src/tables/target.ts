import { z } from "zod";
import { isPadded, parseNumber } from "./cells.ts";
import { occurringLevels } from "./column-kinds.ts";
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
  { task = "auto" }: { readonly task?: "auto" | Task | undefined } = {},
): LearnedTarget {
  checkTable(table);
  const column = columnNamed(table, name);
  const where = `${sourceOf(table)}: target ${quote(name)}`;
  if (column.type === "date")
    throw new InputError(`${where} holds dates; choose numbers or classes, or convert it first`);
  const numbers = asNumbers(column);
  const distinct = distinctOf(column, numbers);
  if (distinct.count === 0)
    throw new InputError(`${where} has no values${table.rows === 0 ? ": there are no rows" : ""}`);
  if (distinct.rows < 2) throw new InputError(`${where} is known in one row only; at least two are needed`);
  if (distinct.count === 1)
    throw new InputError(`${where} is the same in every row; there is nothing to learn`);

  const { chosen, reason } = choose(column, numbers, distinct, task);
  if (chosen === "regression") {
    const spec: TargetSpec = { task: "regression", column: name };
    return { spec, reason, ...regressionValues(table, column, spec) };
  }
  if (numbers) refuseInfinite(table, name, numbers);
  const classes = classesOf(column, numbers);
  if (classes.length > Math.max(maxNumericClasses, distinct.rows / 2))
    throw new InputError(
      `${where} has ${classes.length} classes in ${distinct.rows} rows; ${numbers ? "ask for regression" : "is it an identifier? Choose another target"}`,
    );
  const spec: TargetSpec = { task: "classification", column: name, classes };
  const target = classValues(table, column, spec);
  const counts = new Int32Array(classes.length);
  for (const code of target.codes!) counts[code]!++;
  const rare = classes.filter((_, k) => counts[k]! < 2);
  if (rare.length > 0)
    throw new InputError(
      `${where}: ${rare.length === 1 ? "class" : "classes"} ${rare.slice(0, 5).map(quote).join(", ")}${rare.length > 5 ? ", …" : ""} ${rare.length === 1 ? "has" : "have"} fewer than two rows; remove or merge ${rare.length === 1 ? "it" : "them"}${numbers && distinct.count > 2 ? ", or ask for regression" : ""}`,
    );
  return { spec, reason, ...target };
}

/** Reads the target of other rows (test, evaluate) as training read it. @throws InputError when it cannot be */
export function targetValues(spec: TargetSpec, table: Table): TargetValues {
  const column = columnNamed(table, spec.column);
  return spec.task === "regression"
    ? regressionValues(table, column, spec)
    : classValues(table, column, spec);
}

function choose(
  column: Column,
  numbers: Float64Array | undefined,
  distinct: { count: number; rows: number },
  task: "auto" | Task,
): { chosen: Task; reason: string } {
  if (task !== "auto") return { chosen: task, reason: "asked for" };
  if (column.type === "boolean") return { chosen: "classification", reason: "the target is true or false" };
  if (!numbers)
    return { chosen: "classification", reason: `the target is text with ${distinct.count} values` };
  const whole = numbers.every((v) => Number.isNaN(v) || Number.isInteger(v));
  if (!whole) return { chosen: "regression", reason: "the target is a number with fractions" };
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

/** Numbers of a numeric column, or of a text column that holds nothing else; NaN is missing. */
function asNumbers(column: Column): Float64Array | undefined {
  if (column.type === "number") return column.values;
  if (column.type !== "text") return undefined;
  const readable = occurringLevels(column).every(
    ({ level }) => !isPadded(level) && !Number.isNaN(parseNumber(level)),
  );
  return readable ? parsed(column.codes, column.levels) : undefined;
}

function parsed(codes: Int32Array, levels: readonly string[]): Float64Array {
  const values = levels.map(parseNumber);
  return Float64Array.from(codes, (code) => (code < 0 ? NaN : values[code]!));
}

function distinctOf(column: Column, numbers: Float64Array | undefined): { count: number; rows: number } {
  const seen = new Set<number>();
  let rows = 0;
  for (const value of numbers ?? (column.type === "text" ? column.codes : column.values)) {
    if (Number.isNaN(value) || (column.type === "text" && !numbers && value < 0)) continue;
    seen.add(value);
    rows++;
  }
  return { count: seen.size, rows };
}

function classesOf(column: Column, numbers: Float64Array | undefined): string[] {
  if (numbers)
    return [...new Set(numbers)]
      .filter((v) => !Number.isNaN(v))
      .sort((a, b) => a - b)
      .map(String);
  if (column.type === "boolean") return ["false", "true"];
  return column.type === "text"
    ? occurringLevels(column)
        .map(({ level }) => level)
        .sort()
    : [];
}

function refuseInfinite(table: Table, name: string, numbers: Float64Array): void {
  const row = numbers.findIndex((v) => v === Infinity || v === -Infinity);
  if (row >= 0)
    throw new InputError(
      `${sourceOf(table)}: target ${quote(name)}, row ${rowNumber(table, row)}: the value is infinite; remove the row`,
    );
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
  refuseInfinite(table, name, numbers);
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
