import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import { type Column, gigabytes, InputError, type Table, type TableStream, isMissingText } from "lineament";
import { type Keep, interruptible, openDatabase, readError, sqlText } from "./duckdb.ts";
import {
  type ColumnPlan,
  countRows,
  materialize,
  type Opening,
  openRelation,
  planColumns,
  type Provenance,
  provenanceOf,
  type ReadOptions,
  type Relation,
  type Thrift,
} from "./read-table.ts";
import { assertUnchanged, findFiles, type SourceFile, TemporaryFiles } from "./source-files.ts";

/** A table in memory, or one that is too large for it and is read in passes; what it needs on disk goes when it is disposed of. */
export type OpenedTable = AsyncDisposable & {
  readonly columns: readonly { readonly name: string }[];
  readonly provenance: Provenance;
  /** Things the user should know. */
  readonly notices: readonly string[];
} & (
    | { readonly table: Table; readonly stream?: undefined }
    | {
        readonly table?: undefined;
        readonly stream: TableStream;
        /** Rows that fit into memory comfortably. */
        readonly sampleRows: number;
      }
  );

/** The part of the memory that a table may fill, encoded, and what a sample of a larger one may: the rest is for solving. */
const [TABLE_SHARE, SAMPLE_SHARE] = [1 / 2, 1 / 8];
const [LEAST_SAMPLED, MOST_SAMPLED] = [2000, 100_000];
/** Rows of the kernel matrix of a quick fit, and bytes of what is around it. */
const [LEAST_SOLVE, AROUND] = [8000, 2 ** 27];
/** What DuckDB may take, of the memory and at least. */
const [DATABASE_SHARE, LEAST_DATABASE] = [1 / 4, 2 ** 27];
/** Bytes in memory that a byte of a file may become: as text, compressed text, and Parquet. */
const GROWTH = { none: 8, gzip: 64, zstd: 64, parquet: 64 } as const;
/** Bytes of an object of JSON in a table that is large. */
const LARGEST_OBJECT = 2 ** 22;
/** Up to so many levels, a category fills as many coordinates. */
const MOST_ONE_HOT = 100;
const DATE_COORDINATES = 9;
/** Rows that are handed on together, fewer where there are many columns. */
const [MOST_CHUNK_ROWS, CHUNK_CELLS] = [2 ** 14, 2 ** 22];
/** Levels of a text column that are remembered from one part to the next. */
const MOST_LEVELS = 4000;
/** Rows of a chunk of DuckDB. */
const MOST_OF_CHUNK = 2048;

/**
 * Opens a table as `readTable` does; one that does not fit into memory as a stream. Text and queries are then written as Parquet to
 * temporary files first: every pass reads the same rows, and is cheap.
 *
 * @param options.memory - bytes that the table and what is done with it may take
 * @throws InputError with one line, when the file or the query cannot be used
 */
export async function openTable(
  path: string,
  { memory, query, signal, stdin = process.stdin }: ReadOptions & { readonly memory: number },
): Promise<OpenedTable> {
  const temporary = new TemporaryFiles();
  let database: Awaited<ReturnType<typeof openDatabase>> | undefined;
  const dispose = async () => {
    await database?.[Symbol.asyncDispose]();
    await temporary[Symbol.asyncDispose]();
  };
  try {
    const files = await findFiles(path, stdin, temporary);
    const opening = { path, query, files, temporary };
    const grown = ({ format, compression, bytes }: SourceFile): number =>
      GROWTH[format === "parquet" ? format : compression] * bytes;
    const large = files.reduce((sum, file) => sum + grown(file), 0) > memory;
    signal?.throwIfAborted();
    database = await openDatabase(
      large
        ? {
            threads: 2,
            memory: Math.max(LEAST_DATABASE, DATABASE_SHARE * memory),
            spill: await temporary.file("duckdb"),
          }
        : {},
    );
    const { connection } = database;
    const opened = await interruptible(connection, signal, async () => {
      try {
        const thrift = large
          ? { keep: keepOnDisk(temporary, memory), largestObject: LARGEST_OBJECT }
          : undefined;
        return await readOrStream(connection, opening, memory, thrift);
      } catch (error) {
        throw tooLittle(error, path, memory) ?? readError(error, files);
      }
    });
    if ("stream" in opened) return { ...opened, [Symbol.asyncDispose]: dispose };
    await dispose();
    return { ...opened, [Symbol.asyncDispose]: () => Promise.resolve() };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function readOrStream(
  connection: DuckDBConnection,
  opening: Opening,
  memory: number,
  thrift: Thrift | undefined,
) {
  const relation = await openRelation(connection, opening, thrift);
  const found = { provenance: provenanceOf(opening), notices: relation.notices };
  const plans = await planColumns(connection, relation);
  const rows = await countRows(connection, relation);
  const rowBytes = await bytesOfRow(connection, relation, plans);
  if (rows <= LEAST_SAMPLED || fits(rows, rows * rowBytes, memory)) {
    const table = await materialize(connection, relation, opening.files);
    return { ...found, columns: table.columns, table };
  }
  const sampled = Math.floor((SAMPLE_SHARE * memory) / rowBytes);
  return {
    ...found,
    columns: plans,
    stream: streamOf(connection, relation, plans, rows, readInPlace(opening)),
    sampleRows: Math.max(LEAST_SAMPLED, Math.min(MOST_SAMPLED, sampled)),
  };
}

/** Whether a table leaves room for the least that is done with it, one kernel matrix of a quick fit and what is around it. */
function fits(rows: number, bytes: number, memory: number): boolean {
  return bytes <= TABLE_SHARE * memory && bytes + AROUND + 4 * Math.min(rows, LEAST_SOLVE) ** 2 <= memory;
}

/** Writes rows to a temporary Parquet file. */
function keepOnDisk(temporary: TemporaryFiles, memory: number): Keep {
  return async (connection, name, select) => {
    const path = await temporary.file(`${name}.parquet`);
    const columns = (await (await connection.run(`DESCRIBE ${select}`)).getRows()).length;
    // The rows of a group are in memory together, in every thread.
    const group = Math.max(2048, Math.min(122_880, Math.floor(memory / 64 / (32 * columns))));
    await connection.run(
      `COPY (${select}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${group})`,
    );
    await connection.run(`CREATE OR REPLACE VIEW ${name} AS SELECT * FROM read_parquet(${sqlText(path)})`);
  };
}

/** About how many bytes a row takes when it is read, copied once, and encoded, with what a fit does to it. */
async function bytesOfRow(
  connection: DuckDBConnection,
  { name }: Relation,
  plans: readonly ColumnPlan[],
): Promise<number> {
  const texts = plans.filter(({ type }) => type === "text");
  const [counts] =
    texts.length === 0
      ? [[]]
      : await (
          await connection.run(
            `SELECT ${texts.map(({ sql }) => `approx_count_distinct(${sql})`).join(", ")} FROM ${name}`,
          )
        ).getRows();
  const oneHots = counts!.reduce<number>(
    (sum, levels) => sum + (Number(levels) <= MOST_ONE_HOT ? Number(levels) : 1),
    0,
  );
  const coordinates = plans.reduce(
    (sum, { type }) => sum + (type === "text" ? 0 : type === "date" ? DATE_COORDINATES : 1),
    oneHots,
  );
  return 16 * plans.length + 32 * coordinates;
}

/** Files that every pass reads: the others are in temporary files. */
function readInPlace({ files, query }: Opening): readonly SourceFile[] {
  return query === undefined && files[0]!.format === "parquet" ? files : [];
}

function streamOf(
  connection: DuckDBConnection,
  { name, source }: Relation,
  plans: readonly ColumnPlan[],
  rows: number,
  files: readonly SourceFile[],
): TableStream {
  return {
    rows,
    source,
    async *chunks(signal) {
      await assertUnchanged(files);
      const interrupt = () => connection.interrupt();
      signal?.addEventListener("abort", interrupt);
      try {
        const result = await connection.stream(
          `SELECT ${plans.map(({ sql }) => sql).join(", ")} FROM ${name}`,
        );
        const size = Math.min(MOST_CHUNK_ROWS, Math.ceil(CHUNK_CELLS / plans.length));
        const part = new TablePart(plans, source, size + MOST_OF_CHUNK);
        for (;;) {
          signal?.throwIfAborted();
          const chunk = await result.fetchChunk();
          if (!chunk || chunk.rowCount === 0) break;
          part.add(chunk);
          if (part.rows >= size) yield part.take();
        }
        if (part.rows > 0) yield part.take();
      } catch (error) {
        signal?.throwIfAborted();
        await assertUnchanged(files);
        throw readError(error, files);
      } finally {
        signal?.removeEventListener("abort", interrupt);
      }
      await assertUnchanged(files);
    },
  };
}

/** Rows as they come from DuckDB, a few thousand at a time. The same memory is filled again and again. */
class TablePart {
  readonly #plans: readonly ColumnPlan[];
  readonly #source: string;
  readonly #columns: readonly (Float64Array | TextCells)[];
  #start = 0;
  #rows = 0;

  constructor(plans: readonly ColumnPlan[], source: string, capacity: number) {
    this.#plans = plans;
    this.#source = source;
    this.#columns = plans.map(({ type }) =>
      type === "text" ? new TextCells(capacity) : new Float64Array(capacity),
    );
  }

  /** Rows that are not taken. */
  get rows(): number {
    return this.#rows;
  }

  add(chunk: DuckDBDataChunk): void {
    const { rowCount } = chunk;
    this.#columns.forEach((column, j) => {
      const vector = chunk.getColumnVector(j);
      if (column instanceof TextCells)
        for (let i = 0; i < rowCount; i++) column.set(this.#rows + i, vector.getItem(i) as string | null);
      else for (let i = 0; i < rowCount; i++) column[this.#rows + i] = vector.getItem(i) as number;
    });
    this.#rows += rowCount;
  }

  /** The rows so far, valid until others are added. */
  take(): Table {
    const [start, rows] = [this.#start, this.#rows];
    this.#start += rows;
    this.#rows = 0;
    return {
      rows,
      source: this.#source,
      sourceRows: Int32Array.from({ length: rows }, (_, i) => start + i),
      columns: this.#plans.map(({ name, type }, j): Column => {
        const cells = this.#columns[j]!;
        if (cells instanceof TextCells) return cells.take(name, rows);
        return { name, type: type === "text" ? "number" : type, values: cells.subarray(0, rows) };
      }),
    };
  }
}

/** Texts as level numbers, so that strings live no longer than they must. */
class TextCells {
  readonly #codes: Int32Array;
  #codeOf = new Map<string, number>();
  #levels: string[] = [];

  constructor(capacity: number) {
    this.#codes = new Int32Array(capacity);
  }

  set(at: number, cell: string | null): void {
    this.#codes[at] = cell === null ? -1 : (this.#codeOf.get(cell) ?? this.#newCode(cell));
  }

  #newCode(cell: string): number {
    const level = cell.trim();
    let code = isMissingText(level) ? -1 : this.#codeOf.get(level);
    if (code === undefined) this.#codeOf.set(level, (code = this.#levels.push(level) - 1));
    this.#codeOf.set(cell, code);
    return code;
  }

  take(name: string, rows: number): Column {
    const column = {
      name,
      type: "text",
      levels: [...this.#levels],
      codes: this.#codes.subarray(0, rows),
    } as const;
    if (this.#codeOf.size > MOST_LEVELS) [this.#codeOf, this.#levels] = [new Map(), []];
    return column;
  }
}

/** What is said when DuckDB needs more than it may take. */
function tooLittle(error: unknown, path: string, memory: number): InputError | undefined {
  return /^Out of Memory/iu.test(error instanceof Error ? error.message : "")
    ? new InputError(`${path} cannot be read within ${gigabytes(memory)} of memory; allow more with --memory`)
    : undefined;
}
