import { open } from "node:fs/promises";
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBTimestampMillisecondsValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMP_MS,
  VARCHAR,
} from "@duckdb/node-api";
import { type Column, InputError, type Table, checkTable, formatDate } from "lineament";
import { sqlName, sqlText, withDatabase } from "./duckdb.ts";
import { writeWhole } from "./write-whole.ts";

/** Endings of tables that can be written. */
export const tableEndings = [".parquet", ".csv", ".tsv", ".json", ".jsonl"] as const;

/**
 * Writes a table in the format of the path's ending, whole or not at all. Numbers are written so that they read back
 * exactly, dates as ISO 8601 in UTC, missing values as empty cells in CSV and null elsewhere. Parquet tells no names
 * apart by case: the second of `a` and `A` becomes `A_1`.
 */
export async function writeTable(path: string, table: Table): Promise<void> {
  checkTable(table);
  const ending = tableEndings.find((e) => path.toLowerCase().endsWith(e));
  if (ending === undefined) throw new InputError(`${path}: the name must end in ${tableEndings.join(", ")}`);
  if (ending === ".parquet") await writeWhole(path, (temporary) => writeParquet(temporary, table));
  else await writeWhole(path, (temporary) => writeText(temporary, linesOf(table, ending)));
}

async function writeText(path: string, lines: Iterable<string>): Promise<void> {
  await using file = await open(path, "wx");
  let part: string[] = [];
  for (const line of lines) {
    if (part.push(line) < 4096) continue;
    await file.write(part.join(""));
    part = [];
  }
  await file.write(part.join(""));
  await file.sync();
}

export function* linesOf(table: Table, ending: ".csv" | ".tsv" | ".json" | ".jsonl"): Generator<string> {
  const { rows, columns } = table;
  if (ending === ".csv" || ending === ".tsv") {
    const separator = ending === ".csv" ? "," : "\t";
    const field = (text: string) =>
      /^\s|\s$|["\r\n]/u.test(text) || text.includes(separator) ? `"${text.replaceAll('"', '""')}"` : text;
    yield `${columns.map((c) => field(c.name)).join(separator)}\n`;
    for (let i = 0; i < rows; i++) {
      const line = columns.map((c) => field(String(cellOf(c, i) ?? ""))).join(separator);
      yield `${line === "" ? '""' : line}\n`; // an empty line would not be a row
    }
    return;
  }
  const names = columns.map((c) => JSON.stringify(c.name));
  const object = (i: number) =>
    `{${columns.map((c, j) => `${names[j]!}:${JSON.stringify(cellOf(c, i))}`).join(",")}}`;
  if (ending === ".jsonl") for (let i = 0; i < rows; i++) yield `${object(i)}\n`;
  else {
    yield "[";
    for (let i = 0; i < rows; i++) yield `${i === 0 ? "\n" : ",\n"}${object(i)}`;
    yield "\n]\n";
  }
}

export function cellOf(column: Column, row: number): number | string | boolean | null {
  if (column.type === "text") return column.codes[row]! < 0 ? null : column.levels[column.codes[row]!]!;
  const value = column.values[row]!;
  if (Number.isNaN(value)) return null;
  if (column.type === "boolean") return value === 1;
  return column.type === "date" ? formatDate(value) : value;
}

async function writeParquet(path: string, table: Table): Promise<void> {
  await withDatabase(async (connection) => {
    await fill(connection, table);
    const names = table.columns.map(({ name }, j) => `c${j} AS ${sqlName(name)}`);
    await connection.run(
      `COPY (SELECT ${names.join(", ")} FROM output) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`,
    );
  });
}

/** Puts the table into DuckDB, chunk by chunk. */
async function fill(connection: DuckDBConnection, table: Table): Promise<void> {
  const writers = table.columns.map(writerOf);
  await connection.run(
    `CREATE TEMP TABLE output (${writers.map(({ type }, j) => `c${j} ${type.toString()}`).join(", ")})`,
  );
  const appender = await connection.createAppender("output");
  const size = 2048;
  for (let start = 0; start < table.rows; start += size) {
    const count = Math.min(size, table.rows - start);
    const chunk = DuckDBDataChunk.create(
      writers.map(({ type }) => type),
      count,
    );
    writers.forEach(({ cell }, j) =>
      chunk.setColumnValues(
        j,
        Array.from({ length: count }, (_, i) => cell(start + i)),
      ),
    );
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

function writerOf(column: Column): { type: DuckDBType; cell: (row: number) => DuckDBValue } {
  if (column.type === "text") return { type: VARCHAR, cell: (i) => cellOf(column, i) };
  if (column.type === "boolean") return { type: BOOLEAN, cell: (i) => cellOf(column, i) };
  const { values } = column;
  const present = (value: (v: number) => DuckDBValue) => (i: number) =>
    Number.isNaN(values[i]!) ? null : value(values[i]!);
  if (column.type === "date")
    return {
      type: TIMESTAMP_MS,
      cell: present((v) => new DuckDBTimestampMillisecondsValue(BigInt(Math.round(v)))),
    };
  const whole = values.every((v) => Number.isNaN(v) || Number.isSafeInteger(v));
  return whole ? { type: BIGINT, cell: present(BigInt) } : { type: DOUBLE, cell: present((v) => v) };
}
