import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { DuckDBConnection } from "@duckdb/node-api";
import { type Column, InputError, type Table, checkTable, isMissingText, quote } from "lineament";
import { openCsv } from "./csv.ts";
import { type Keep, keepInMemory, queryError, readError, sqlName, sqlText, withDatabase } from "./duckdb.ts";
import { type Format, type SourceFile, TemporaryFiles, findFiles, textOf } from "./source-files.ts";

export interface ReadOptions {
  /** SQL over the view `input`. */
  readonly query?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What "-" reads; standard input by default. */
  readonly stdin?: Readable | undefined;
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
  readonly format: Format;
  readonly query?: string | undefined;
  readonly files: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
  /** SHA-256 of the file; of the hashes joined by line feeds when there are several. */
  readonly sha256: string;
}

/**
 * Reads a table: CSV (comma, tab, semicolon or bar), JSON (an array of objects, or one object a line) or Parquet,
 * plain or as gzip or zstd, one file, a glob of files with the same columns, or standard input ("-"); then, if asked,
 * an SQL query over it, where it is named `input`.
 *
 * Missing is an empty cell, NA, N/A, NaN, null, #N/A and <NA>, in text columns of all formats too. Times of day become
 * seconds, durations too. Text is trimmed.
 *
 * @throws InputError with one line, when the file or the query cannot be used
 */
export async function readTable(
  path: string,
  { query, signal, stdin = process.stdin }: ReadOptions = {},
): Promise<ReadResult> {
  await using temporary = new TemporaryFiles();
  const files = await findFiles(path, stdin, temporary);
  const opening = { path, query, files, temporary };
  return await withDatabase(async (connection) => {
    const opened = await openRelation(connection, opening);
    const table = await materialize(connection, opened, files);
    return { table, provenance: provenanceOf(opening), notices: opened.notices };
  }, signal);
}

/** What is read. */
export interface Opening {
  readonly path: string;
  readonly query: string | undefined;
  readonly files: readonly SourceFile[];
  readonly temporary: TemporaryFiles;
}

/** Rows that DuckDB can be asked for. */
export interface Relation {
  /** Its name in SQL. */
  readonly name: string;
  /** True names of its columns, where SQL cannot have them. */
  readonly names: readonly string[] | undefined;
  /** How messages name the table. */
  readonly source: string;
  readonly query: string | undefined;
  readonly notices: readonly string[];
}

/** How much memory reading takes. */
export interface Thrift {
  /** Keeps rows that cannot be read twice. */
  readonly keep: Keep;
  /** Bytes of an object of JSON at most; several times that is allocated. */
  readonly largestObject: number;
}

/** Lets DuckDB read the files as `input`, and the query over them as `result`. */
export async function openRelation(
  connection: DuckDBConnection,
  { path, query, files, temporary }: Opening,
  { keep, largestObject }: Thrift = { keep: keepInMemory, largestObject: 2 ** 26 },
): Promise<Relation> {
  const format = formatOf(path, files);
  const source = path === "-" ? "standard input" : path;
  let opened: { readonly names: readonly string[] | undefined; readonly notices: readonly string[] };
  if (format === "csv") opened = await openCsv(connection, files, temporary, keep);
  else {
    if (format === "json") await openJson(connection, files, keep, largestObject);
    else await openParquet(connection, files);
    opened = { names: undefined, notices: [] };
  }
  if (query === undefined) return { name: "input", source, query, ...opened };
  try {
    await keep(connection, "result", `(${query.trim().replace(/;+$/u, "")}\n)`);
  } catch (error) {
    throw queryError(error);
  }
  return { name: "result", source, query, names: undefined, notices: opened.notices };
}

function formatOf(path: string, files: readonly SourceFile[]): Format {
  const formats = new Set(files.map((f) => f.format));
  if (formats.size > 1)
    throw new InputError(
      `${path}: files of different formats (${[...formats].join(", ")}) cannot be read together`,
    );
  return files[0]!.format;
}

export function provenanceOf({ path, query, files }: Omit<Opening, "temporary">): Provenance {
  const sha256 =
    files.length === 1
      ? files[0]!.sha256
      : createHash("sha256")
          .update(files.map((f) => f.sha256).join("\n"))
          .digest("hex");
  return {
    path,
    format: formatOf(path, files),
    ...(query === undefined ? {} : { query }),
    files: files.map(({ name, bytes, sha256: sum }) => ({ name, bytes, sha256: sum })),
    sha256,
  };
}

async function openJson(
  connection: DuckDBConnection,
  files: readonly SourceFile[],
  keep: Keep,
  largestObject: number,
): Promise<void> {
  for (const { name, head } of files) {
    const text = textOf(head).trimStart();
    if (text === "") throw new InputError(`${name} is empty`);
    if (/^\[\s*\]/u.test(text)) throw new InputError(`${name} has no rows`);
    if (!/^(?:\[\s*)?\{/u.test(text))
      throw new InputError(`${name}: rows must be objects: an array of them, or one on each line`);
  }
  const compressions = new Set(files.map((f) => f.compression));
  try {
    await keep(
      connection,
      "input",
      `SELECT * FROM read_json([${files.map((f) => sqlText(f.path)).join(", ")}], sample_size=-1, records=true, ` +
        `map_inference_threshold=-1, maximum_object_size=${largestObject}, union_by_name=true${compressions.size === 1 ? `, compression=${sqlText(files[0]!.compression === "none" ? "uncompressed" : files[0]!.compression)}` : ""})`,
    );
  } catch (error) {
    throw readError(error, files);
  }
}

async function openParquet(connection: DuckDBConnection, files: readonly SourceFile[]): Promise<void> {
  try {
    await connection.run(
      `CREATE VIEW input AS SELECT * FROM read_parquet([${files.map((f) => sqlText(f.path)).join(", ")}])`,
    );
  } catch (error) {
    throw readError(error, files);
  }
}

/** How a column is fetched: numbers with NaN for NULL, texts as they are. */
export interface ColumnPlan {
  readonly name: string;
  readonly type: Column["type"];
  readonly sql: string;
}

/** How the columns of a relation are fetched. @throws InputError for one that holds no plain values */
export async function planColumns(
  connection: DuckDBConnection,
  { name: relation, names, source }: Relation,
): Promise<ColumnPlan[]> {
  const described = await (await connection.run(`DESCRIBE ${relation}`)).getRows();
  if (described.length === 0) throw new InputError(`${source} has no columns`);
  return described.map(([column, type], j) =>
    planOf(String(column), String(type), names?.[j] ?? String(column), source),
  );
}

export async function countRows(
  connection: DuckDBConnection,
  { name, source, query }: Relation,
): Promise<number> {
  const rows = Number((await (await connection.run(`SELECT count(*) FROM ${name}`)).getRows())[0]![0]);
  if (rows === 0)
    throw new InputError(
      query === undefined ? `${source} has a header and no rows` : `the query over ${source} gives no rows`,
    );
  return rows;
}

/** Reads a relation into typed arrays, column chunk by column chunk. */
export async function materialize(
  connection: DuckDBConnection,
  relation: Relation,
  files: readonly SourceFile[],
): Promise<Table> {
  const { name, source } = relation;
  try {
    const plans = await planColumns(connection, relation);
    const rows = await countRows(connection, relation);
    const levels: string[][] = [];
    const fetched: string[] = [];
    for (const [j, { type, sql }] of plans.entries()) {
      levels.push(type === "text" ? await enumerate(connection, name, `levels_${j}`, sql) : []);
      fetched.push(type === "text" ? `coalesce(enum_code(${sql}::levels_${j}), -1)::INTEGER` : sql);
    }
    const data = plans.map(({ type }) => (type === "text" ? new Int32Array(rows) : new Float64Array(rows)));
    const result = await connection.stream(`SELECT ${fetched.join(", ")} FROM ${name}`);
    let start = 0;
    for (;;) {
      const chunk = await result.fetchChunk();
      const size = chunk?.rowCount ?? 0;
      if (!chunk || size === 0) break;
      data.forEach((values, j) => {
        const vector = chunk.getColumnVector(j);
        for (let i = 0; i < size; i++) values[start + i] = vector.getItem(i) as number;
      });
      start += size;
    }
    if (start !== rows) throw new InputError(`${source} changed while it was read`);
    const table = { rows, columns: plans.map((p, j) => columnOf(p, levels[j]!, data[j]!)), source };
    checkTable(table);
    return table;
  } catch (error) {
    throw readError(error, files);
  }
}

/** Makes the texts of an expression a type, and returns them. */
async function enumerate(
  connection: DuckDBConnection,
  relation: string,
  type: string,
  text: string,
): Promise<string[]> {
  await connection.run(
    `CREATE TYPE ${type} AS ENUM (SELECT DISTINCT ${text} FROM ${relation} WHERE ${text} IS NOT NULL)`,
  );
  const levels = await (await connection.run(`SELECT unnest(enum_range(NULL::${type}))::VARCHAR`)).getRows();
  return levels.map(([level]) => String(level));
}

const numberTypes =
  /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|BIGNUM|"?NULL"?)$/u;
const dateTypes = /^(?:DATE|TIMESTAMP(?:_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE)$/u;
const textTypes = /^(?:VARCHAR|ENUM\(.*\)|UUID|JSON)$/su;

function planOf(column: string, type: string, name: string, source: string): ColumnPlan {
  const c = sqlName(column);
  const numbers = (expression: string, as: Column["type"]): ColumnPlan => ({
    name,
    type: as,
    sql: `coalesce(${expression}, 'nan'::DOUBLE)`,
  });
  if (numberTypes.test(type)) return numbers(`${c}::DOUBLE`, "number");
  if (type === "BOOLEAN") return numbers(`${c}::INTEGER::DOUBLE`, "boolean");
  if (type === "TIME" || type === "INTERVAL") return numbers(`epoch(${c})::DOUBLE`, "number");
  if (dateTypes.test(type)) {
    const time = type.endsWith("ZONE") ? c : `${c}::TIMESTAMP`;
    return numbers(`CASE WHEN isfinite(${time}) THEN epoch_ms(${time})::DOUBLE END`, "date");
  }
  if (!textTypes.test(type) || type.endsWith("]"))
    throw new InputError(
      `${source}: column ${quote(name)} holds ${nested(type)}, which cannot be used; spread it into columns of plain values with --query, or leave it out there`,
    );

  return { name, type: "text", sql: type === "JSON" ? `(${c} ->> '$')` : `${c}::VARCHAR` };
}

function nested(type: string): string {
  if (type.endsWith("]")) return "lists";
  if (/^(?:STRUCT|MAP|UNION|VARIANT)/u.test(type)) return "nested objects";
  if (/^(?:BLOB|BIT)/u.test(type)) return "bytes";
  return `values of type ${type}`;
}

function columnOf(
  { name, type }: ColumnPlan,
  levels: readonly string[],
  data: Float64Array | Int32Array,
): Column {
  if (data instanceof Float64Array) return { name, type: type === "text" ? "number" : type, values: data };
  // Levels that differ in surrounding blanks are one; texts that mean missing are none.
  const places = new Map<string, number>();
  const place = levels.map((level) => {
    const text = level.trim();
    if (isMissingText(text)) return -1;
    if (!places.has(text)) places.set(text, places.size);
    return places.get(text)!;
  });
  const codes = data.map((code) => (code < 0 ? -1 : place[code]!));
  return { name, type: "text", levels: [...places.keys()], codes };
}
