import { isPadded, parseBoolean, parseDate, parseNumber } from "./cells.ts";
import {
  censusOf,
  type ColumnCensus,
  type CountedLevel,
  type NumericCensus,
  type TableCensus,
  type TextCensus,
} from "./column-census.ts";
import { InputError } from "./errors.ts";
import { type Table, checkTable, quote, sourceOf, suggestion } from "./table.ts";

/** What a column means to a machine: `number`, `category`, `boolean` and `date` are used, the others are left out. */
export const columnKinds = [
  "number",
  "category",
  "boolean",
  "date",
  "identifier",
  "text",
  "constant",
  "empty",
] as const;
export type ColumnKind = (typeof columnKinds)[number];

/** What was found about a column, and what is done with it. */
export interface ColumnSummary {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Whether the machine sees the column. */
  readonly used: boolean;
  /** One line: why this kind. */
  readonly reason: string;
  /** Something the user should know: left out, cells that do not fit. */
  readonly notice?: string | undefined;
  readonly missing: number;
  /** Distinct values, without missing. */
  readonly distinct: number;
}

export interface KindOptions {
  /** Kinds that overrule what is inferred, by column. `identifier` and `text` leave the column out. */
  readonly kinds?: Readonly<Record<string, ColumnKind>> | undefined;
  /** Columns asked for by name: whole numbers among them are never taken for identifiers. */
  readonly features?: readonly string[] | undefined;
}

/** More levels than this are not a category, unless the user says so. */
export const maxLevels = 1000;
/** So many cells of a text column must read as numbers (or dates) for it to be one. */
const readableShare = 0.95;

/**
 * The kind of every column, from training rows.
 *
 * - A text column of which 95 % read as numbers is a number; the other cells count as missing. Zero-padded codes stay text.
 * - A text column with more than 1000 levels, or more than half as many levels as rows (and more than ten), is an
 *   identifier, or free text if its cells are long. Other text is a category.
 * - Whole numbers are an identifier when they are (nearly) all different and the column is named like one, or when they
 *   count the rows (0, 1, 2, … or 1, 2, 3, …), are not named like a time, and something else is left to learn from.
 * - Low-cardinality whole numbers stay numbers.
 *
 * @throws InputError for an override that names no column or cannot be done
 */
export function inferKinds(table: Table, options: KindOptions = {}): ColumnSummary[] {
  checkTable(table);
  return kindsOf(censusOf(table), options);
}

/** `inferKinds` of the table that the census is of. */
export function kindsOf(
  table: TableCensus,
  { kinds = {}, features = [] }: KindOptions = {},
): ColumnSummary[] {
  const names = table.columns.map((c) => c.name);
  for (const [name, kind] of Object.entries(kinds)) {
    if (!names.includes(name))
      throw new InputError(
        `kinds: ${sourceOf(table)} has no feature column ${quote(name)}${suggestion(name, names)}`,
      );
    if (!columnKinds.includes(kind))
      throw new InputError(
        `kinds: ${quote(kind)} is not a kind of column; use number, category, boolean, date, identifier or text`,
      );
  }
  const summaries = table.columns.map((column) =>
    Object.hasOwn(kinds, column.name)
      ? overridden(table, column, kinds[column.name]!)
      : inferred(table, column, features.includes(column.name)),
  );
  if (summaries.some((s) => s.used)) return summaries;
  return summaries.map((summary) =>
    summary.reason === countsRows
      ? used("number", "counts the rows, and nothing else is there to learn from", summary)
      : summary,
  );
}

const countsRows = "counts the rows";

function inferred(table: TableCensus, seen: ColumnCensus, asked: boolean): ColumnSummary {
  const { missing, distinct } = seen;
  const present = table.rows - missing;
  if (present === 0) return leftOut("empty", "has no values", seen, "is empty");
  if (distinct === 1 && missing === 0)
    return leftOut("constant", `is ${exampleOf(seen)} in every row`, seen, "is constant");
  if (seen.type === "boolean") return used("boolean", "true and false", seen);
  if (seen.type === "date") return used("date", "dates", seen);
  if (seen.type === "text") return inferredText(seen);
  const identifier = asked ? undefined : numericIdentifier(seen, present);
  if (identifier !== undefined)
    return leftOut("identifier", identifier, seen, `looks like an identifier (${identifier})`);
  return used("number", `numbers, ${distinct} distinct`, seen);
}

function inferredText(seen: TextCensus): ColumnSummary {
  const { name, distinct, levels } = seen;
  // Of the levels that are known: all of them, unless there were too many to keep.
  const present = levels.reduce((sum, { count }) => sum + count, 0);
  const numbers = readable(levels, (level) => (isPadded(level) ? NaN : parseNumber(level)));
  const junk = present - numbers.count;
  if (junk === 0) return used("number", "text, every cell a number", seen);
  if (numbers.count >= readableShare * present)
    return used(
      "number",
      "nearly every cell a number",
      seen,
      `column ${quote(name)} is read as numbers; ${cells(junk)} that ${junk === 1 ? "is" : "are"} not, such as ${firstBad(numbers.bad)}, count${junk === 1 ? "s" : ""} as missing`,
    );
  const dates = readable(levels, parseDate);
  if (dates.count === present) return used("date", "text, every cell a date", seen);

  const mixed =
    numbers.count >= present / 2
      ? ` (${numbers.count} of ${present} cells are numbers; clean the others, such as ${firstBad(numbers.bad)}, or set its kind to number)`
      : "";
  if (distinct > maxLevels || (distinct > present / 2 && distinct > 10)) {
    const length = levels.reduce((sum, { level, count }) => sum + level.length * count, 0) / present;
    const words =
      levels.reduce((sum, { level, count }) => sum + level.split(/\s+/u).length * count, 0) / present;
    const reason = `${distinct} different texts in ${present} rows`;
    return length > 40 || words > 4
      ? leftOut("text", reason, seen, `is free text (${reason})${mixed}`)
      : leftOut("identifier", reason, seen, `looks like an identifier (${reason})${mixed}`);
  }
  return used(
    "category",
    `${distinct} level${distinct === 1 ? "" : "s"}`,
    seen,
    mixed === ""
      ? undefined
      : `column ${quote(name)} mixes numbers and text and is read as a category${mixed}`,
  );
}

const identifierName =
  /(?:^|[\s_.-])(?:id|ids|uid|uuid|guid|index|idx|key|rowid|row|rownum|rownames|row_?number|row_?id|record|serial|unnamed:? ?\d*)$|[a-z]I[dD]$/u;
const timeName =
  /year|month|week|day|hour|minute|second|quarter|time|date|age|step|period|epoch|position|rank|order/iu;

/** Why a column of numbers identifies rows, or undefined when it may say something about them. */
function numericIdentifier(
  { name, distinct, whole, countsRows: counts }: NumericCensus,
  present: number,
): string | undefined {
  if (present < 10 || distinct < 0.95 * present || !whole) return undefined;
  if (identifierName.test(name) || identifierName.test(name.toLowerCase()))
    return "whole numbers, (nearly) all different, named like one";
  return counts && !timeName.test(name) ? countsRows : undefined;
}

function overridden(table: TableCensus, seen: ColumnCensus, kind: ColumnKind): ColumnSummary {
  const { name, missing, distinct } = seen;
  const present = table.rows - missing;
  const reason = "set by the user";
  if (kind === "identifier" || kind === "text") return { ...used(kind, reason, seen), used: false };
  if (kind === "constant" || kind === "empty")
    throw new InputError(
      `kinds: column ${quote(name)}: ${quote(kind)} cannot be set; use exclude to leave a column out`,
    );
  if (present === 0) return leftOut("empty", "has no values", seen, "is empty");
  if (distinct === 1 && missing === 0)
    return leftOut("constant", `is ${exampleOf(seen)} in every row`, seen, "is constant");
  const refuse = (why: string) =>
    new InputError(`kinds: column ${quote(name)} of ${sourceOf(table)} cannot be read as ${kind}: ${why}`);
  if (kind === "category") return used(kind, reason, seen);
  if (seen.type === "text") {
    const parse = kind === "number" ? parseNumber : kind === "date" ? parseDate : parseBoolean;
    const { count, bad } = readable(seen.levels, parse);
    const known = seen.levels.reduce((sum, level) => sum + level.count, 0);
    if (count === 0 || (kind !== "number" && bad.length > 0))
      throw refuse(`${firstBad(bad)} is not a ${kind}`);
    const junk = known - count;
    return used(
      kind,
      reason,
      seen,
      junk === 0
        ? undefined
        : `column ${quote(name)}: ${cells(junk)} that ${junk === 1 ? "is not a number counts" : "are not numbers count"} as missing, such as ${firstBad(bad)}`,
    );
  }
  const fits =
    kind === seen.type ||
    (kind === "number" && seen.type === "boolean") ||
    (kind === "boolean" &&
      seen.distinct <= 2 &&
      [...(seen.values?.keys() ?? [NaN])].every((v) => v === 0 || v === 1));
  if (!fits)
    throw refuse(
      `its cells are ${seen.type === "boolean" ? "true and false" : `${seen.type}s`}; convert it first`,
    );
  return used(kind, reason, seen);
}

/** What a summary tells of the rows. */
type Seen = Pick<ColumnCensus, "name" | "missing" | "distinct">;

function used(kind: ColumnKind, reason: string, seen: Seen, notice?: string): ColumnSummary {
  return {
    name: seen.name,
    kind,
    used: true,
    reason,
    ...(notice === undefined ? {} : { notice }),
    missing: seen.missing,
    distinct: seen.distinct,
  };
}

function leftOut(kind: ColumnKind, reason: string, seen: Seen, why: string): ColumnSummary {
  return {
    ...used(kind, reason, seen, `column ${quote(seen.name)} ${why} and is left out`),
    used: false,
  };
}

function readable(
  levels: readonly CountedLevel[],
  parse: (text: string) => number,
): { count: number; bad: readonly CountedLevel[] } {
  const bad = levels.filter(({ level }) => Number.isNaN(parse(level)));
  const all = levels.reduce((sum, { count }) => sum + count, 0);
  return { count: all - bad.reduce((sum, { count }) => sum + count, 0), bad };
}

function firstBad(bad: readonly CountedLevel[]): string {
  if (bad.length === 0) return "some";
  const first = bad.reduce((a, b) => (b.row < a.row ? b : a));
  return `${quote(first.level)} in row ${first.row}`;
}

/** Of a column with one value. */
function exampleOf(seen: ColumnCensus): string {
  if (seen.type === "text") return quote(seen.levels[0]!.level);
  const [value] = seen.values?.keys() ?? [];
  return seen.type === "boolean"
    ? String(value === 1)
    : seen.type === "date"
      ? "the same date"
      : String(value);
}

const cells = (count: number): string => `${count} cell${count === 1 ? "" : "s"}`;
