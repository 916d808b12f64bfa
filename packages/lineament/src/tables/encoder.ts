import type { Matrix } from "../linalg/matrix.ts";
import type { ColumnKind, ColumnSummary } from "./column-kinds.ts";
import type { Table } from "./table.ts";

export interface EncoderOptions {
  /** Kinds that overrule what is inferred. */
  readonly kinds?: Readonly<Record<string, ColumnKind>> | undefined;
  /** Use only these columns. */
  readonly features?: readonly string[] | undefined;
  /** Leave these columns out. */
  readonly exclude?: readonly string[] | undefined;
}

/** One column of x: x = (raw − mean) / scale. One-hot and sign coordinates have mean 0 and scale 1. */
export interface Coordinate {
  readonly column: string;
  readonly part: "value" | "missing" | "sign" | "level" | "year" | "month-sin" | "month-cos" | "weekday-sin" | "weekday-cos" | "day" | "hour-sin" | "hour-cos" | "age";
  /** The level that reads 1 (part "level") or +1 (part "sign" of a category). */
  readonly level?: string | undefined;
  readonly mean: number;
  readonly scale: number;
}

/** A categorical column that is not spelled out in coordinates: level codes 0 … levels.length − 1, and levels.length for unknown and missing. */
export interface Block {
  readonly column: string;
  readonly levels: readonly string[];
}

/** How rows of a table become rows of numbers. A plain JSON value, fitted on training rows. */
export interface Encoder {
  readonly version: 1;
  /** Every column that was looked at, used or not. */
  readonly columns: readonly ColumnSummary[];
  /** The columns of x, numeric-like ones first, then one-hots. */
  readonly coordinates: readonly Coordinate[];
  readonly blocks: readonly Block[];
}

export interface Encoded {
  /** rows × coordinates; never NaN. */
  readonly x: Matrix<Float64Array>;
  /** rows × blocks, row-major; undefined when there are no blocks. */
  readonly levels: Int32Array | undefined;
  readonly notes: EncodingNotes;
}

/** What encoding met that training did not have. Empty lists when there was nothing. */
export interface EncodingNotes {
  readonly unknownLevels: readonly { readonly column: string; readonly count: number; readonly examples: readonly string[] }[];
  /** Missing numbers and dates that were replaced by the training mean. */
  readonly imputed: readonly { readonly column: string; readonly count: number }[];
  /** Cells that are not numbers, in columns where training met such cells too; read as missing. */
  readonly unreadable: readonly { readonly column: string; readonly count: number; readonly examples: readonly string[] }[];
  /** Values so far outside the training range that they were cut. */
  readonly clipped: readonly { readonly column: string; readonly count: number }[];
  /** Columns that training did not have; ignored. */
  readonly addedColumns: readonly string[];
}

/** Fits on training rows; the target (and weights, groups, split) must not be among the columns. @throws InputError */
export declare function fitEncoder(table: Table, options?: EncoderOptions): Encoder;

/** @throws InputError for missing columns and cells of the wrong type */
export declare function encode(encoder: Encoder, table: Table): Encoded;
