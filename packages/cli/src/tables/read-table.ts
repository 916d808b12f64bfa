import type { Table } from "lineament";

export interface ReadOptions {
  /** SQL over the view `input`. */
  readonly query?: string | undefined;
}

export interface ReadResult {
  readonly table: Table;
  readonly provenance: Provenance;
  /** Things the user should know. */
  readonly notices: readonly string[];
}

export interface Provenance {
  /** As the user named it; "-" is standard input. */
  readonly path: string;
  readonly format: "csv" | "parquet" | "json";
  readonly query?: string | undefined;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  /** SHA-256 of the file; of the concatenated hashes when there are several. */
  readonly sha256: string;
}

/** Reads CSV, TSV, JSON, JSONL or Parquet (gzip and zstd too; globs; "-" is standard input). @throws InputError */
export declare function readTable(path: string, options?: ReadOptions): Promise<ReadResult>;
