import { parseNumber } from "./cells.ts";
import { type CoordinatePart, dateParts, rawPart } from "./coordinate-parts.ts";
import { DistinctValues } from "./distinct-values.ts";
import { joinMoments, type Moments, momentsOf } from "./moments.ts";
import { type Column, rowNumber, type Table, type TextColumn } from "./table.ts";

/** A level that rows have. */
export interface CountedLevel {
  readonly level: string;
  readonly count: number;
  /** The first row that has it, as people count. */
  readonly row: number;
}

interface AnyCensus {
  readonly name: string;
  readonly rows: number;
  readonly missing: number;
  /** Distinct values, without missing. */
  readonly distinct: number;
}

/** What all rows of a text column say. */
export interface TextCensus extends AnyCensus {
  readonly type: "text";
  readonly levels: readonly CountedLevel[];
  /** Whether these are all levels, in all rows. A table that is read in passes may have more than can be kept: the first are. */
  readonly complete: boolean;
}

/** What all rows of a column of numbers, truth values or dates say. */
export interface NumericCensus extends AnyCensus {
  readonly type: "number" | "boolean" | "date";
  /** No value has a fraction. */
  readonly whole: boolean;
  /** Row i holds i, or i + 1. */
  readonly countsRows: boolean;
  /** Values with the rows that have them; absent when there are too many. */
  readonly values: ReadonlyMap<number, number> | undefined;
  /** Of every part that a machine may read, but for the indicator of missing cells. */
  readonly moments: ReadonlyMap<CoordinatePart, Moments>;
  /** The first value that is infinite, or no date. */
  readonly unusable: { readonly row: number; readonly value: number } | undefined;
}

export type ColumnCensus = TextCensus | NumericCensus;

/** What all rows of a table say about its columns: enough to choose their kinds and to encode them. */
export interface TableCensus {
  readonly rows: number;
  readonly source?: string | undefined;
  readonly columns: readonly ColumnCensus[];
}

/** Distinct numbers that are kept with their counts. Categories have fewer levels. */
const VALUES_KEPT = 10_000;

/** Values of a column that are kept in any case: more than the levels of any category. */
const LEAST_KEPT = 4000;

/** The census of a table in memory: exact. */
export function censusOf(table: Table): TableCensus {
  const { rows, source } = table;
  return {
    rows,
    source,
    columns: table.columns.map((column) => {
      const counter = columnCounter(column, Infinity);
      counter.add(table, column);
      return counter.census();
    }),
  };
}

/** Takes the census of a table that comes in parts of consecutive rows. */
export class CensusTaker {
  #rows = 0;
  #source: string | undefined;
  #counters: ColumnCounter[] | undefined;
  readonly #limit: number;

  /** @param limit - values that may be kept, of all columns together; beyond it distinct values are estimated */
  constructor(limit = 250_000) {
    this.#limit = limit;
  }

  get rows(): number {
    return this.#rows;
  }

  /** @param part - has the same columns in the same order every time */
  add(part: Table): void {
    this.#counters ??= part.columns.map((column) =>
      columnCounter(column, Math.max(LEAST_KEPT, Math.floor(this.#limit / part.columns.length))),
    );
    this.#counters.forEach((counter, j) => counter.add(part, part.columns[j]!));
    this.#rows += part.rows;
    this.#source = part.source;
  }

  census(): TableCensus {
    return {
      rows: this.#rows,
      source: this.#source,
      columns: (this.#counters ?? []).map((counter) => counter.census()),
    };
  }
}

interface ColumnCounter {
  add(table: Table, column: Column): void;
  census(): ColumnCensus;
}

function columnCounter({ name, type }: Column, limit: number): ColumnCounter {
  return type === "text" ? textCounter(name, limit) : numericCounter(name, type, limit);
}

function textCounter(name: string, limit: number): ColumnCounter {
  const seen = new DistinctValues<string>(limit);
  const firstRows = new Map<string, number>();
  let [rows, missing] = [0, 0];
  return {
    add(table, column) {
      const { levels, codes } = column as TextColumn;
      const counts = new Int32Array(levels.length);
      const first = new Int32Array(levels.length);
      codes.forEach((code, i) => {
        if (code < 0) missing++;
        else if (counts[code]!++ === 0) first[code] = i;
      });
      rows += codes.length;
      levels.forEach((level, code) => {
        if (counts[code] === 0) return;
        seen.add(level, counts[code]);
        if (seen.complete && !firstRows.has(level)) firstRows.set(level, rowNumber(table, first[code]!));
      });
    },
    census: () => ({
      name,
      type: "text",
      rows,
      missing,
      distinct: Math.min(seen.size, rows - missing),
      levels: Array.from(seen.counts, ([level, count]) => ({ level, count, row: firstRows.get(level)! })),
      complete: seen.complete,
    }),
  };
}

function numericCounter(name: string, type: NumericCensus["type"], limit: number): ColumnCounter {
  const seen = new DistinctValues<number>(limit);
  const parts: readonly CoordinatePart[] = type === "date" ? dateParts : ["value"];
  const moments = new Map<CoordinatePart, Moments>();
  let [rows, missing, first] = [0, 0, NaN];
  let [whole, consecutive] = [true, true];
  let unusable: NumericCensus["unusable"];
  return {
    add(table, column) {
      const { values } = column as Exclude<Column, TextColumn>;
      if (rows === 0) first = values[0] ?? NaN;
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!;
        if (value !== first + rows + i) consecutive = false;
        if (Number.isNaN(value)) {
          missing++;
          continue;
        }
        seen.add(value);
        if (!Number.isInteger(value)) whole = false;
        if (!unusable && !(type === "date" ? Math.abs(value) <= 8.64e15 : Number.isFinite(value)))
          unusable = { row: rowNumber(table, i), value };
      }
      rows += values.length;
      for (const part of parts) {
        const own = momentsOf(rawPart(part, values));
        const before = moments.get(part);
        moments.set(part, before ? joinMoments(before, own) : own);
      }
    },
    census: () => ({
      name,
      type,
      rows,
      missing,
      distinct: Math.min(seen.size, rows - missing),
      whole,
      countsRows: consecutive && (first === 0 || first === 1),
      values: seen.complete && seen.size <= VALUES_KEPT ? seen.counts : undefined,
      moments,
      unusable,
    }),
  };
}

/** Moments of a column of numbers, of text too where it spells numbers; undefined for others. */
export function numberMoments({ columns }: TableCensus, name: string): Moments | undefined {
  const column = columns.find((one) => one.name === name);
  if (column?.type !== "text") return column?.type === "number" ? column.moments.get("value") : undefined;
  return momentsOf(
    column.levels.map(({ level }) => parseNumber(level)),
    column.levels.map(({ count }) => count),
  );
}
