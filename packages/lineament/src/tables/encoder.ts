import { z } from "zod";
import { type Matrix, zeros } from "../linalg/matrix.ts";
import { formatDate, parseBoolean, parseDate, parseNumber } from "./cells.ts";
import { censusOf, type ColumnCensus, type TableCensus } from "./column-census.ts";
import { type ColumnKind, type ColumnSummary, columnKinds, kindsOf } from "./column-kinds.ts";
import { type CoordinatePart, coordinateParts, dateParts, rawPart } from "./coordinate-parts.ts";
import { InputError } from "./errors.ts";
import { meanAndScale, type Moments, momentsOf } from "./moments.ts";
import {
  type Column,
  type Table,
  type TextColumn,
  checkTable,
  columnNamed,
  quote,
  rowNumber,
  sourceOf,
  suggestion,
  textColumn,
} from "./table.ts";

export { type CoordinatePart, coordinateParts };

export interface EncoderOptions {
  /** Kinds that overrule what is inferred. */
  readonly kinds?: Readonly<Record<string, ColumnKind>> | undefined;
  /** Use only these columns. */
  readonly features?: readonly string[] | undefined;
  /** Leave these columns out. */
  readonly exclude?: readonly string[] | undefined;
  /** Of all rows, where the table is a sample of them. */
  readonly census?: TableCensus | undefined;
  /** Categories of many levels become blocks; else all levels are coordinates. Default true. */
  readonly blocks?: boolean | undefined;
}

/** One column of x: x = (raw − mean) / scale. Signs (−1, +1; 0 is missing) and levels (0, 1) have mean 0 and scale 1. */
export interface Coordinate {
  readonly column: string;
  readonly part: CoordinatePart;
  /** The level that reads 1 (part "level") or +1 (part "sign"). */
  readonly level?: string | undefined;
  readonly mean: number;
  readonly scale: number;
}

/**
 * A categorical column that is not spelled out in coordinates (§1.1): its levels are codes 0 … κ − 1, and κ =
 * `levels.length` is the row of unknown and missing levels, so its table has κ + 1 rows and stands for κ dimensions.
 */
export interface Block {
  readonly column: string;
  readonly levels: readonly string[];
}

/** A column that is used: how it is read, and what it fills. */
export interface Source {
  readonly column: string;
  readonly kind: "number" | "boolean" | "date" | "category";
  /** How the column arrived in training. */
  readonly type: Column["type"];
  /** Cells that are not numbers are missing, because training had such cells. */
  readonly lenient: boolean;
  /** Levels of a category, sorted; else empty. */
  readonly levels: readonly string[];
  /** The columns of x that this column fills. */
  readonly coordinates: readonly number[];
  /** The block that this column fills. */
  readonly block?: number | undefined;
}

/** How rows of a table become rows of numbers: a plain JSON value, fitted on training rows. */
export interface Encoder {
  readonly version: 1;
  /** Every column that was looked at, used or not. */
  readonly columns: readonly ColumnSummary[];
  readonly sources: readonly Source[];
  /** The columns of x: numbers, dates, indicators and signs first, then one-hots. */
  readonly coordinates: readonly Coordinate[];
  readonly blocks: readonly Block[];
}

export interface Encoded {
  /** rows × coordinates; every entry finite. */
  readonly x: Matrix<Float64Array>;
  /** rows × blocks, row-major; undefined when there are no blocks. */
  readonly levels: Int32Array | undefined;
  readonly notes: EncodingNotes;
}

/** What encoding met that training did not have. Empty lists when there was nothing. */
export interface EncodingNotes {
  readonly unknownLevels: readonly {
    readonly column: string;
    readonly count: number;
    readonly examples: readonly string[];
  }[];
  /** Missing numbers and dates in columns that had none in training; replaced by the training mean. */
  readonly imputed: readonly { readonly column: string; readonly count: number }[];
  /** Cells that are not numbers, in columns where training met such cells too; read as missing. */
  readonly unreadable: readonly {
    readonly column: string;
    readonly count: number;
    readonly examples: readonly string[];
  }[];
  /** Values more than a million standard deviations from the training mean; cut there. */
  readonly clipped: readonly { readonly column: string; readonly count: number }[];
  /** Columns that training did not have; ignored. */
  readonly addedColumns: readonly string[];
}

/** Above so many levels a category becomes a block. */
export const maxOneHotLevels = 100;
const farthest = 1e6;

const sourceSchema = z.object({
  column: z.string(),
  kind: z.enum(["number", "boolean", "date", "category"]),
  type: z.enum(["number", "boolean", "date", "text"]),
  lenient: z.boolean(),
  levels: z.array(z.string()),
  coordinates: z.array(z.int().nonnegative()),
  block: z.int().nonnegative().optional(),
});

/** The schema of a stored encoder. */
export const encoderSchema = z
  .object({
    version: z.literal(1),
    columns: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(columnKinds),
        used: z.boolean(),
        reason: z.string(),
        notice: z.string().optional(),
        missing: z.int().nonnegative(),
        distinct: z.int().nonnegative(),
      }),
    ),
    sources: z.array(sourceSchema),
    coordinates: z.array(
      z.object({
        column: z.string(),
        part: z.enum(coordinateParts),
        level: z.string().optional(),
        mean: z.number(),
        scale: z.number().positive(),
      }),
    ),
    blocks: z.array(z.object({ column: z.string(), levels: z.array(z.string()) })),
  })
  .refine(
    ({ sources, coordinates, blocks }) => {
      const filled = sources.flatMap((s) => s.coordinates).sort((a, b) => a - b);
      const blocked = sources.flatMap((s) => s.block ?? []).sort((a, b) => a - b);
      return (
        filled.length === coordinates.length &&
        filled.every((j, i) => i === j) &&
        blocked.length === blocks.length &&
        blocked.every((g, i) => i === g)
      );
    },
    { error: "every coordinate and block must belong to one column" },
  );

/** Reads a stored encoder. @throws InputError when it is not one */
export function parseEncoder(value: unknown): Encoder {
  const result = encoderSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new InputError(
    `not a stored encoder of version 1: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
  );
}

/**
 * Learns from training rows how to turn a table into numbers (§9). The target, weights, groups and split must not be
 * among the columns.
 *
 * Numbers: minus the mean, over √(mean of squares + ε) with ε = 10⁻⁸ (for columns in tiny units, 10⁻⁸ of the largest
 * square, so that units do not matter). Missing: the mean, and an indicator coordinate. Booleans and categories of two
 * levels: ±1, missing 0. Categories: one-hot, not rescaled, missing all zeros; a block above 100 levels (unless `blocks` is false). Dates: calendar
 * parts and age in days, as numbers.
 *
 * @throws InputError when a name does not exist, a value is infinite, or nothing is left to learn from
 */
export function fitEncoder(
  rows: Table,
  { kinds = {}, features, exclude = [], blocks: allowBlocks = true, census }: EncoderOptions = {},
): Encoder {
  checkTable(rows);
  const table: TableCensus = census
    ? { ...census, columns: rows.columns.map(({ name }) => columnNamed(census, name)) }
    : censusOf(rows);
  const names = table.columns.map((c) => c.name);
  for (const name of features ?? []) named(table, "features", name, names);
  for (const name of exclude) named(table, "exclude", name, names);
  for (const name of Object.keys(kinds)) named(table, "kinds", name, names);
  if (table.rows === 0) throw new InputError(`${sourceOf(table)} has no rows`);

  const candidates = names.filter(
    (name) => (features === undefined || features.includes(name)) && !exclude.includes(name),
  );
  const summaries = new Map<string, ColumnSummary>();
  for (const asked of [candidates, names.filter((name) => !candidates.includes(name))]) {
    const some = Object.fromEntries(Object.entries(kinds).filter(([name]) => asked.includes(name)));
    for (const { notice, ...summary } of kindsOf(
      { ...table, columns: table.columns.filter(({ name }) => asked.includes(name)) },
      { kinds: some, features },
    ))
      summaries.set(
        summary.name,
        asked !== candidates
          ? {
              ...summary,
              used: false,
              reason: exclude.includes(summary.name)
                ? "excluded by the user"
                : "not among the features asked for",
            }
          : notice === undefined
            ? summary
            : { ...summary, notice },
      );
  }

  const fitted: Fitted[] = [];
  for (const column of table.columns) {
    const { name } = column;
    const summary = summaries.get(name)!;
    if (!candidates.includes(name) || !summary.used) continue;
    const source = fitSource(table, column, summary, allowBlocks ? maxOneHotLevels : Infinity);
    if (source.coordinates.length > 0 || source.block !== undefined) fitted.push(source);
    else
      summaries.set(name, {
        ...summary,
        kind: "constant",
        used: false,
        reason: "the same in every row",
        notice: `column ${quote(name)} is constant and is left out`,
      });
  }
  const columns = names.map((name) => summaries.get(name)!);
  if (fitted.length === 0) {
    const why = columns
      .slice(0, 5)
      .map(({ name, kind, reason }) => `${quote(name)} (${kind}: ${reason})`)
      .join(", ");
    throw new InputError(
      `${sourceOf(table)} has no column to learn from${columns.length === 0 ? "" : `: all are constant or left out: ${why}${columns.length > 5 ? `, and ${columns.length - 5} more` : ""}`}`,
    );
  }

  const coordinates: Coordinate[] = [];
  const blocks: Block[] = [];
  const places = fitted.map((): number[] => []);
  for (const oneHots of [false, true])
    fitted.forEach((source, s) => {
      for (const coordinate of source.coordinates) {
        if ((coordinate.part === "level") !== oneHots) continue;
        places[s]!.push(coordinates.length);
        coordinates.push(coordinate);
      }
    });
  const sources = fitted.map(({ block, ...source }, s): Source => {
    if (block === undefined) return { ...source, coordinates: places[s]! };
    blocks.push(block);
    return { ...source, coordinates: places[s]!, block: blocks.length - 1 };
  });
  return { version: 1, columns, sources, coordinates, blocks };
}

function named(table: TableCensus, option: string, name: string, names: readonly string[]): void {
  if (!names.includes(name))
    throw new InputError(
      `${option}: ${sourceOf(table)} has no feature column ${quote(name)}${suggestion(name, names)}`,
    );
}

type Fitted = Omit<Source, "coordinates" | "block"> & {
  readonly coordinates: readonly Coordinate[];
  readonly block: Block | undefined;
};

function fitSource(
  table: TableCensus,
  column: ColumnCensus,
  summary: ColumnSummary,
  mostOneHot: number,
): Fitted {
  const kind = summary.kind as Source["kind"];
  const { name, type } = column;
  const plain = { column: name, kind, type, lenient: false, levels: [], block: undefined };
  if (kind === "category") {
    const levels = levelsOf(table, column);
    const asCoordinate = (part: CoordinatePart, level: string): Coordinate => ({
      column: name,
      part,
      level,
      mean: 0,
      scale: 1,
    });
    if (levels.length > mostOneHot)
      return { ...plain, levels, coordinates: [], block: { column: name, levels } };
    return {
      ...plain,
      levels,
      coordinates:
        levels.length === 2
          ? [asCoordinate("sign", levels[1]!)]
          : levels.map((level) => asCoordinate("level", level)),
    };
  }
  if (kind === "boolean")
    return {
      ...plain,
      coordinates: [{ column: name, part: "sign", level: "true", mean: 0, scale: 1 }],
    };

  const { parts, unreadable } = partsOf(table, column, kind);
  const coordinates: Coordinate[] = [];
  const missing = column.missing + unreadable;
  const indicator =
    missing === 0 || missing === table.rows
      ? []
      : [["missing", momentsOf([0, 1], [table.rows - missing, missing])] as const];
  for (const [part, moments] of [...parts, ...indicator]) {
    const standard = meanAndScale(moments);
    if (standard) coordinates.push({ column: name, part, ...standard });
  }
  return { ...plain, lenient: kind === "number" && unreadable > 0, coordinates };
}

/** The levels of a category, sorted. @throws InputError when they are too many to be known */
function levelsOf(table: TableCensus, column: ColumnCensus): string[] {
  const known =
    column.type === "text"
      ? column.complete && column.levels.map(({ level }) => level)
      : column.values && Array.from(column.values.keys(), spelling(column.type));
  if (!known)
    throw new InputError(
      `${sourceOf(table)}: column ${quote(column.name)} has ${column.distinct} levels, too many for a category; merge rare levels or leave the column out`,
    );
  return known.sort();
}

/** The moments of what numbers and dates are read as, and how many cells are none. */
function partsOf(
  table: TableCensus,
  column: ColumnCensus,
  kind: "number" | "date",
): { parts: (readonly [CoordinatePart, Moments])[]; unreadable: number } {
  const refuse = (row: number): never => {
    throw new InputError(
      `${sourceOf(table)}: column ${quote(column.name)}, row ${row}: ${kind === "date" ? "the date is out of range" : "the value is infinite; remove the row or leave the cell empty"}`,
    );
  };
  if (column.type !== "text") {
    if (column.unusable) refuse(column.unusable.row);
    return { parts: [...column.moments], unreadable: 0 };
  }
  const values = Float64Array.from(column.levels, ({ level }) =>
    kind === "number" ? parseNumber(level) : parseDate(level),
  );
  const counts = column.levels.map(({ count }) => count);
  const infinite = values.findIndex((value) => Math.abs(value) === Infinity);
  if (infinite >= 0) refuse(column.levels[infinite]!.row);
  return {
    parts: (kind === "date" ? dateParts : (["value"] as const)).map((part) => [
      part,
      momentsOf(rawPart(part, values), counts),
    ]),
    unreadable: counts.reduce((sum, count, at) => sum + (Number.isNaN(values[at]!) ? count : 0), 0),
  };
}

/**
 * Turns rows into numbers as training did. Columns may come in any order; new ones are ignored, unseen levels are
 * all zeros (or the unknown row of their block), both with a note.
 *
 * @throws InputError for missing columns, infinite values, and cells that cannot be read as training read them
 */
export function encode(encoder: Encoder, table: Table): Encoded {
  checkTable(table);
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  const lacking = encoder.sources.filter((s) => !byName.has(s.column)).map((s) => s.column);
  if (lacking.length > 0)
    throw new InputError(
      `${sourceOf(table)} lacks ${lacking.length === 1 ? "a column" : `${lacking.length} columns`} that the model uses: ${lacking.slice(0, 20).map(quote).join(", ")}${lacking.length > 20 ? ", …" : ""}${lacking.length === 1 ? slip(lacking[0]!, encoder, table) : ""}`,
    );

  const known = new Set(encoder.columns.map((c) => c.name));
  const { rows } = table;
  const cols = encoder.coordinates.length;
  const x = zeros(rows, cols);
  const blocks = encoder.blocks.length;
  const levels = blocks === 0 ? undefined : new Int32Array(rows * blocks);
  const notes = {
    unknownLevels: [] as { column: string; count: number; examples: string[] }[],
    imputed: [] as { column: string; count: number }[],
    unreadable: [] as { column: string; count: number; examples: string[] }[],
    clipped: [] as { column: string; count: number }[],
    addedColumns: table.columns.map((c) => c.name).filter((name) => !known.has(name)),
  };

  for (const source of encoder.sources) {
    const column = byName.get(source.column)!;
    if (source.kind === "category") {
      const { codes, unknown } = readLevels(column, source);
      if (unknown.count > 0) notes.unknownLevels.push({ column: source.column, ...unknown });
      if (source.block !== undefined)
        for (let i = 0; i < rows; i++)
          levels![i * blocks + source.block] = codes[i]! < 0 ? source.levels.length : codes[i]!;
      else if (source.levels.length === 2) {
        const [j] = source.coordinates;
        for (let i = 0; i < rows; i++) x.data[i * cols + j!] = codes[i]! < 0 ? 0 : 2 * codes[i]! - 1;
      } else
        for (let i = 0; i < rows; i++)
          if (codes[i]! >= 0) x.data[i * cols + source.coordinates[codes[i]!]!] = 1;
      continue;
    }
    const { values, unreadable } = readNumbers(table, column, source);
    if (unreadable.count > 0) notes.unreadable.push({ column: source.column, ...unreadable });
    if (source.kind === "boolean") {
      const [j] = source.coordinates;
      for (let i = 0; i < rows; i++)
        x.data[i * cols + j!] = Number.isNaN(values[i]!) ? 0 : 2 * values[i]! - 1;
      continue;
    }
    const clipped = new Set<number>();
    for (const j of source.coordinates) {
      const { part, mean, scale } = encoder.coordinates[j]!;
      const raw = rawPart(part, values);
      for (let i = 0; i < rows; i++) {
        if (Number.isNaN(raw[i]!)) continue;
        let value = (raw[i]! - mean) / scale;
        if (!(Math.abs(value) <= farthest)) {
          value = raw[i]! / scale - mean / scale; // the difference may overflow
          if (!(Math.abs(value) <= farthest)) {
            value = raw[i]! < mean ? -farthest : farthest;
            clipped.add(i);
          }
        }
        x.data[i * cols + j] = value;
      }
    }
    if (clipped.size > 0) notes.clipped.push({ column: source.column, count: clipped.size });
    if (!source.coordinates.some((j) => encoder.coordinates[j]!.part === "missing")) {
      const count = values.reduce((sum, value) => sum + (Number.isNaN(value) ? 1 : 0), 0);
      if (count > 0) notes.imputed.push({ column: source.column, count });
    }
  }
  return { x, levels, notes };
}

/** The raw values behind column j of an encoded matrix: mean + scale · x. Missing values read as the mean. */
export function rawCoordinate(encoder: Encoder, x: Matrix, j: number): Float64Array {
  const { mean, scale } = encoder.coordinates[j]!;
  return Float64Array.from({ length: x.rows }, (_, i) => mean + scale * x.data[i * x.cols + j]!);
}

/** A column nobody else uses and that is named almost like the lacking one. */
function slip(name: string, encoder: Encoder, table: Table): string {
  const free = table.columns
    .map((c) => c.name)
    .filter((other) => !encoder.sources.some((s) => s.column === other));
  const hint = suggestion(name, free);
  return hint.startsWith("; did you mean") ? hint : "";
}

const none = { count: 0, examples: [] as string[] };

/** Numbers, truth values (0, 1) or dates (milliseconds) of a column, however it arrives; NaN is missing. */
function readNumbers(
  table: Table,
  column: Column,
  source: Pick<Source, "column" | "kind" | "lenient">,
): { values: Float64Array; unreadable: { count: number; examples: string[] } } {
  const { kind } = source;
  if (column.type === "text") return parseCells(table, column, source);
  const { values } = column;
  const fits =
    kind === column.type ||
    (kind === "number" && column.type === "boolean") ||
    (kind === "boolean" && column.type === "number");
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    const where = () => `${sourceOf(table)}: column ${quote(source.column)}, row ${rowNumber(table, i)}`;
    if (!fits)
      throw new InputError(
        `${where()}: a ${kind} was expected, not a ${column.type}; training had ${kind}s there`,
      );
    if (kind === "boolean" && value !== 0 && value !== 1)
      throw new InputError(`${where()}: ${value} is neither true nor false`);
    if (kind === "number" && !Number.isFinite(value))
      throw new InputError(`${where()}: the value is infinite; remove the row or leave the cell empty`);
    if (kind === "date" && !(Math.abs(value) <= 8.64e15))
      throw new InputError(`${where()}: the date is out of range`);
  }
  return { values, unreadable: none };
}

function parseCells(
  table: Table,
  column: TextColumn,
  { kind, lenient }: Pick<Source, "kind" | "lenient">,
): { values: Float64Array; unreadable: { count: number; examples: string[] } } {
  const parse = kind === "number" ? parseNumber : kind === "boolean" ? parseBoolean : parseDate;
  const parsed = column.levels.map(parse);
  const values = new Float64Array(column.codes.length).fill(NaN);
  const unreadable = { count: 0, examples: [] as string[] };
  column.codes.forEach((code, i) => {
    if (code < 0) return;
    const value = parsed[code]!;
    values[i] = value;
    if (Number.isFinite(value)) return;
    const level = column.levels[code]!;
    const where = `${sourceOf(table)}: column ${quote(column.name)}, row ${rowNumber(table, i)}`;
    if (!Number.isNaN(value))
      throw new InputError(`${where}: the value is infinite; remove the row or leave the cell empty`);
    if (!lenient)
      throw new InputError(`${where}: ${quote(level)} is not a ${kind}; correct it or leave the cell empty`);
    unreadable.count++;
    if (unreadable.examples.length < 5 && !unreadable.examples.includes(level))
      unreadable.examples.push(level);
  });
  return { values, unreadable };
}

/** Cells as canonical texts: `3` and `3.0` are one number, dates are ISO. */
function asText(column: Column): TextColumn {
  if (column.type === "text") return column;
  const text = spelling(column.type);
  const shown = new Map<number, string>();
  const show = (value: number): string => {
    let level = shown.get(value);
    if (level === undefined) shown.set(value, (level = text(value)));
    return level;
  };
  return textColumn(
    column.name,
    Array.from(column.values, (value) => (Number.isNaN(value) ? null : show(value))),
  );
}

function spelling(type: "number" | "boolean" | "date"): (value: number) => string {
  return type === "number" ? String : type === "date" ? formatDate : (value) => String(value === 1);
}

/** Level numbers of a column in the order of training; −1 for missing and unknown. */
function readLevels(
  column: Column,
  source: Source,
): { codes: Int32Array; unknown: { count: number; examples: string[] } } {
  const text = asText(column);
  const exact = new Map(source.levels.map((level, code) => [level, code]));
  // A column that arrives as another type may spell a level differently: 7 for "07", true for "TRUE".
  const canonical = ([...new Set([source.type, column.type])] as Column["type"][]).flatMap((type) => {
    if (type === "text") return [];
    const spell = (level: string): string | undefined => {
      if (type === "boolean") return level.toLowerCase();
      const value = type === "number" ? parseNumber(level) : parseDate(level);
      return Number.isNaN(value) ? undefined : String(value);
    };
    const codes = new Map<string, number>();
    source.levels.forEach((level, code) => {
      const spelled = spell(level);
      if (spelled !== undefined) codes.set(spelled, codes.has(spelled) ? -1 : code);
    });
    return [(level: string) => codes.get(spell(level) ?? "") ?? -1];
  });
  const translated = text.levels.map(
    (level) => exact.get(level) ?? canonical.map((find) => find(level)).find((code) => code >= 0) ?? -1,
  );
  const unknown = { count: 0, examples: [] as string[] };
  const codes = text.codes.map((code) => {
    if (code < 0) return -1;
    if (translated[code]! < 0) {
      unknown.count++;
      const level = text.levels[code]!;
      if (unknown.examples.length < 5 && !unknown.examples.includes(level)) unknown.examples.push(level);
    }
    return translated[code]!;
  });
  return { codes, unknown };
}
