import { nearestName } from "../layers/nearest-name.ts";
import { InputError } from "./errors.ts";

/** Numbers; NaN is missing. */
export interface NumberColumn {
  readonly name: string;
  readonly type: "number";
  readonly values: Float64Array;
}

/** 0 and 1; NaN is missing. */
export interface BooleanColumn {
  readonly name: string;
  readonly type: "boolean";
  readonly values: Float64Array;
}

/** Milliseconds since 1970-01-01 UTC; NaN is missing. */
export interface DateColumn {
  readonly name: string;
  readonly type: "date";
  readonly values: Float64Array;
}

/** Row i holds `levels[codes[i]]`; code −1 is missing. Levels are distinct; some may occur in no row. */
export interface TextColumn {
  readonly name: string;
  readonly type: "text";
  readonly levels: readonly string[];
  readonly codes: Int32Array;
}

export type Column = NumberColumn | BooleanColumn | DateColumn | TextColumn;

/** Named columns of equal length, in memory. */
export interface Table {
  readonly rows: number;
  readonly columns: readonly Column[];
  /** Where the table comes from, for messages: a file name, "standard input". */
  readonly source?: string | undefined;
  /** When rows were taken from a larger table: the row of the source (from 0) that row i was. */
  readonly sourceRows?: Int32Array | undefined;
}

/** The row as people count: from 1, without the header, in the table that was read. */
export function rowNumber(table: Table, row: number): number {
  return (table.sourceRows?.[row] ?? row) + 1;
}

/** How messages name the table. */
export function sourceOf(table: Pick<Table, "source">): string {
  return table.source ?? "the table";
}

/**
 * The column of this name.
 * @throws InputError when there is none, naming the nearest one
 */
export function columnNamed<C extends { readonly name: string } = Column>(
  table: { readonly columns: readonly C[]; readonly source?: string | undefined },
  name: string,
): C {
  const column = table.columns.find((c) => c.name === name);
  if (column) return column;
  throw new InputError(
    `${sourceOf(table)} has no column ${quote(name)}${suggestion(
      name,
      table.columns.map((c) => c.name),
    )}`,
  );
}

/** Rows at `indices`, in that order. Levels of text columns are shared, values are copied. */
export function takeTableRows(table: Table, indices: ArrayLike<number>): Table {
  const n = indices.length;
  const sourceRows = new Int32Array(n);
  for (let i = 0; i < n; i++) sourceRows[i] = table.sourceRows?.[indices[i]!] ?? indices[i]!;
  const columns = table.columns.map((column): Column => {
    if (column.type === "text") {
      const codes = new Int32Array(n);
      for (let i = 0; i < n; i++) codes[i] = column.codes[indices[i]!]!;
      return { ...column, codes };
    }
    const values = new Float64Array(n);
    for (let i = 0; i < n; i++) values[i] = column.values[indices[i]!]!;
    return { ...column, values };
  });
  return { ...table, rows: n, columns, sourceRows };
}

/** The columns of these names, in that order. */
export function selectColumns(table: Table, names: readonly string[]): Table {
  return { ...table, columns: names.map((name) => columnNamed(table, name)) };
}

/** All columns but these. Every name must exist. */
export function withoutColumns(table: Table, names: readonly string[]): Table {
  for (const name of names) columnNamed(table, name);
  return { ...table, columns: table.columns.filter((c) => !names.includes(c.name)) };
}

/** A value of one cell as plain objects hold it. */
export type Cell = number | bigint | string | boolean | Date | null | undefined;

/**
 * A table of plain objects, one a row. Columns are the union of their keys, in order of first appearance.
 * A column of numbers, of booleans or of dates becomes that; anything mixed becomes text.
 * null, undefined, NaN, invalid dates and what `isMissingText` names are missing.
 * @throws InputError for a cell that is an object, array or function
 */
export function fromRecords(records: readonly Readonly<Record<string, Cell>>[], source?: string): Table {
  const cells = new Map<string, Cell[]>();
  records.forEach((record, i) => {
    for (const key of Object.keys(record)) {
      let column = cells.get(key);
      if (!column) cells.set(key, (column = Array.from({ length: records.length }, () => null)));
      column[i] = record[key];
    }
  });
  return {
    rows: records.length,
    columns: [...cells].map(([name, column]) => columnOf(name, column)),
    source,
  };
}

/** A column of plain values; the type is that of its cells. */
export function columnOf(name: string, cells: readonly Cell[]): Column {
  const types = new Set<string>();
  cells.forEach((cell, i) => {
    if (isMissing(cell)) return;
    const type = cell instanceof Date ? "date" : typeof cell;
    if (type === "object" || type === "function" || type === "symbol")
      throw new InputError(
        `column ${quote(name)}, row ${i + 1}: a cell must be a number, text, boolean or date, not ${Array.isArray(cell) ? "an array" : `a ${type}`}`,
      );
    types.add(type === "bigint" ? "number" : type);
  });
  const [only] = types;
  if (types.size <= 1 && only !== "string")
    return {
      name,
      type: only === "boolean" || only === "date" ? only : "number",
      values: Float64Array.from(cells, (c) => (isMissing(c) ? NaN : Number(c))),
    };
  return textColumn(
    name,
    cells.map((c) => (isMissing(c) ? null : c instanceof Date ? c.toISOString() : String(c))),
  );
}

/** A text column of strings; null and what `isMissingText` names are missing. Cells are trimmed. */
export function textColumn(name: string, cells: readonly (string | null | undefined)[]): TextColumn {
  const codeOf = new Map<string, number>();
  const codes = Int32Array.from(cells, (cell) => {
    if (cell === null || cell === undefined || isMissingText(cell)) return -1;
    const level = cell.trim();
    let code = codeOf.get(level);
    if (code === undefined) codeOf.set(level, (code = codeOf.size));
    return code;
  });
  return { name, type: "text", levels: [...codeOf.keys()], codes };
}

/** Texts that mean "missing", after trimming, in any case. "None" and "-" are not among them: they can be levels. */
export const missingTexts: readonly string[] = ["", "na", "n/a", "#n/a", "<na>", "nan", "null"];

export function isMissingText(text: string): boolean {
  return text.length < 16 && missingTexts.includes(text.trim().toLowerCase());
}

function isMissing(cell: Cell): boolean {
  if (cell === null || cell === undefined) return true;
  if (typeof cell === "number") return Number.isNaN(cell);
  if (typeof cell === "string") return isMissingText(cell);
  return cell instanceof Date && Number.isNaN(cell.getTime());
}

/** Column names and cells in messages: quoted, with control characters escaped, cut when long. */
export function quote(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return JSON.stringify(shown);
}

/** `: did you mean "…"?`, or the names there are when none is near. */
export function suggestion(name: string, candidates: readonly string[]): string {
  const near = nearestName(name, candidates);
  if (near !== undefined) return `; did you mean ${quote(near)}?`;
  if (candidates.length === 0) return "";
  const shown = candidates.slice(0, 10).map(quote).join(", ");
  return `; its columns are ${shown}${candidates.length > 10 ? `, and ${candidates.length - 10} more` : ""}`;
}

/** Refuses empty and repeated names, and columns whose length is not that of the table. */
export function checkTable(table: Table): void {
  const seen = new Set<string>();
  table.columns.forEach((column, j) => {
    if (column.name.trim() === "")
      throw new InputError(`${sourceOf(table)}: column ${j + 1} has no name; give every column one`);
    if (seen.has(column.name))
      throw new InputError(`${sourceOf(table)}: two columns are named ${quote(column.name)}; rename one`);
    seen.add(column.name);
    const length = column.type === "text" ? column.codes.length : column.values.length;
    if (length !== table.rows)
      throw new InputError(
        `${sourceOf(table)}: column ${quote(column.name)} has ${length} rows, the table ${table.rows}`,
      );
  });
}
