import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { InputError, quote } from "lineament";
import type { SourceFile } from "./source-files.ts";

/** What a database may take of the machine; what is left out DuckDB decides. */
export interface DatabaseLimits {
  readonly threads?: number | undefined;
  /** Bytes beyond which intermediate results go to disk. */
  readonly memory?: number | undefined;
  /** The folder for that. */
  readonly spill?: string | undefined;
}

/** A fresh in-memory database that downloads nothing and reads times as UTC. */
export async function openDatabase({
  threads,
  memory,
  spill = join(tmpdir(), `lineament-duckdb-${process.pid}`),
}: DatabaseLimits = {}): Promise<AsyncDisposable & { readonly connection: DuckDBConnection }> {
  const database = await DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    temp_directory: spill,
    ...(threads === undefined ? {} : { threads: String(threads) }),
    ...(memory === undefined ? {} : { memory_limit: `${Math.ceil(memory / 2 ** 20)}MiB` }),
  });
  const connection = await database.connect();
  await connection.run("SET TimeZone = 'UTC'");
  return {
    connection,
    async [Symbol.asyncDispose]() {
      await Promise.resolve();
      connection.closeSync();
      database.closeSync();
    },
  };
}

/** Runs with a fresh database. */
export async function withDatabase<T>(
  work: (connection: DuckDBConnection) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  await using database = await openDatabase();
  return await interruptible(database.connection, signal, () => work(database.connection));
}

/** Interrupts what the database does when a signal says so. */
export async function interruptible<T>(
  connection: DuckDBConnection,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const interrupt = () => connection.interrupt();
  signal?.addEventListener("abort", interrupt);
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}

/** Keeps the rows of a query under a name. */
export type Keep = (connection: DuckDBConnection, name: string, select: string) => Promise<void>;

/** As a table of the database. */
export const keepInMemory: Keep = async (connection, name, select) => {
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${name} AS ${select}`);
};

/** A text in SQL. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A column name in SQL. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** What DuckDB says about a file, in one line. */
export function readError(error: unknown, files: readonly SourceFile[]): Error {
  if (error instanceof InputError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/no space left/iu.test(message))
    return new InputError(
      `the disk of ${tmpdir()} is full; set TMPDIR to another folder, or allow more memory`,
    );
  if (/^(?:Out of Memory|FATAL|INTERNAL|INTERRUPT)/iu.test(message))
    return error instanceof Error ? error : new Error(message);
  const inFile = /^ +file = (.*)$/mu.exec(message)?.[1];
  const name =
    files.find((f) => f.path === inFile)?.name ?? (files.length === 1 ? files[0]!.name : "the table");
  const line = /Error on Line: (\d+)/u.exec(message)?.[1];
  const where = line === undefined ? name : `${name}, line ${line}`;
  const expected = /Expected Number of Columns: (\d+) Found: (\d+)/u.exec(message);
  if (expected) {
    const [, wanted, found] = expected;
    return new InputError(
      `${where}: ${found} field${found === "1" ? "" : "s"}, but the header has ${wanted}; quote fields that hold the separator, or correct the line`,
    );
  }
  if (/unicode|utf-?8/iu.test(message))
    return new InputError(`${where}: the text is not UTF-8; convert the file (iconv -f LATIN1 -t UTF-8)`);
  if (/unterminated quote/iu.test(message))
    return new InputError(
      `${where}: a quoted field is not closed, or has text after its closing quote; write quotes inside a field twice`,
    );
  if (/expected records/iu.test(message))
    return new InputError(`${where}: rows must be objects with at least one name`);
  if (/maximum line size|Maximum object size/iu.test(message))
    return new InputError(`${where}: a line or object is too long`);
  return new InputError(`${where}: ${firstLine(message)}`);
}

/** What DuckDB says about a query, in one line. */
export function queryError(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (/^(?:Out of Memory|FATAL|INTERNAL|INTERRUPT)/iu.test(message))
    return error instanceof Error ? error : new Error(message);
  return new InputError(`the query failed: ${firstLine(message)} (the table is named input)`);
}

function firstLine(message: string): string {
  const line = (message.replace(/^(?:\w+ )*Error: /u, "").split("\n")[0] ?? "").trim();
  const short = line.length > 300 ? `${line.slice(0, 297)}…` : line;
  return /[\u0000-\u001f]/u.test(short) ? quote(short) : short;
}
