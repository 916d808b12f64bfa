import { createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { InputError, parseDate, parseNumber, quote } from "lineament";
import { type Keep, keepInMemory, readError, sqlName, sqlText } from "./duckdb.ts";
import { type SourceFile, type TemporaryFiles, decompressed, textOf } from "./source-files.ts";

/** Cells that mean "missing", as written: empty, NA, N/A, NaN, null and what pandas and Excel write. */
const missing = ["", "NA", "N/A", "#N/A", "<NA>", "NaN", "null", "na", "n/a", "nan", "NAN", "NULL", "Null"];

/**
 * Reads CSV files into the view `input` with typed columns, and returns the true column names.
 *
 * Nothing is guessed from a sample: every cell is read as text, and a column gets a type when all of its cells agree.
 * Underscored (`1_000`) and zero-padded (`0042`) numbers stay text: they are codes.
 */
export async function openCsv(
  connection: DuckDBConnection,
  files: readonly SourceFile[],
  temporary: TemporaryFiles,
  keep: Keep = keepInMemory,
): Promise<{ names: string[]; notices: string[] }> {
  const headers = files.map((file) => ({ file, ...readHeader(file) }));
  const { names, delimiter, file: first } = headers[0]!;
  checkNames(first.name, names);
  for (const other of headers)
    if (other.names.length !== names.length || other.names.some((name, j) => name !== names[j]))
      throw new InputError(
        `${other.file.name} has other columns than ${first.name}; files read together must have the same header`,
      );

  await load(connection, files, names.length, delimiter, temporary, keep);
  const rows = await (await connection.run("SELECT 1 FROM raw LIMIT 1")).getRows();
  if (rows.length === 0) throw new InputError(`${first.name} has a header and no rows`);
  const notices: string[] = [];
  if (names.every((name) => !Number.isNaN(parseNumber(name))))
    notices.push(`${first.name}: the column names are numbers; does the file lack a header?`);
  const types = await columnTypes(connection, names, delimiter === ";", notices);
  const unique = uniqueNames(names);
  await connection.run(
    `CREATE VIEW input AS SELECT ${types.map((type, j) => `${type} AS ${sqlName(unique[j]!)}`).join(", ")} FROM raw`,
  );
  return { names, notices };
}

interface Header {
  readonly names: string[];
  readonly delimiter: string;
}

function readHeader({ name, head }: SourceFile): Header {
  const text = textOf(head);
  if (text.trim() === "") throw new InputError(`${name} is empty`);
  const delimiter = /\.(?:tsv|tab)(?:\.\w+)?$/iu.test(name) ? "\t" : mostFrequent(text);
  const record = firstRecord(text, delimiter);
  if (record === undefined)
    throw new InputError(`${name}, line 1: a quote is opened in the header and never closed`);
  if (record.some((field) => field.includes("\ufffd")))
    throw new InputError(
      `${name}, line 1: the text is not UTF-8; convert the file (iconv -f LATIN1 -t UTF-8)`,
    );
  return { names: record.map((field) => field.trim()), delimiter };
}

/** The separator that occurs most often in the first line, outside quotes. */
function mostFrequent(text: string): string {
  const line = text.slice(0, endOfRecord(text)).replace(/"(?:[^"]|"")*"/gu, "");
  let best = ",";
  let most = 0;
  for (const candidate of [",", "\t", ";", "|"]) {
    const count = line.split(candidate).length - 1;
    if (count > most) [best, most] = [candidate, count];
  }
  return best;
}

function endOfRecord(text: string): number {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    else if (!quoted && (text[i] === "\n" || text[i] === "\r")) return i;
  }
  return text.length;
}

/** The fields of the first record (RFC 4180); undefined when a quote is not closed. */
function firstRecord(text: string, delimiter: string): string[] | undefined {
  const fields: string[] = [];
  const end = endOfRecord(text);
  let i = 0;
  for (;;) {
    let field = "";
    if (text[i] === '"') {
      for (i++; ; i++) {
        if (i >= end) return undefined;
        if (text[i] !== '"') field += text[i];
        else if (text[i + 1] === '"') field += text[i++];
        else break;
      }
      i++;
    }
    while (i < end && text[i] !== delimiter) field += text[i++];
    fields.push(field);
    if (i >= end) return fields;
    i++;
  }
}

function checkNames(file: string, names: readonly string[]): void {
  const seen = new Map<string, number>();
  names.forEach((name, j) => {
    if (name === "")
      throw new InputError(
        `${file}: column ${j + 1} of ${names.length} has no name${j === 0 ? " (row numbers written by R or pandas?)" : ""}; name it in the header, or write the file without it`,
      );
    const before = seen.get(name);
    if (before !== undefined)
      throw new InputError(
        `${file}: columns ${before + 1} and ${j + 1} are both named ${quote(name)}; rename one`,
      );
    seen.set(name, j);
  });
}

/** Names that stay apart when case is ignored, as SQL does. */
function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let k = 1; taken.has(unique.toLowerCase()); k++) unique = `${name}_${k}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}

async function load(
  connection: DuckDBConnection,
  files: readonly SourceFile[],
  columns: number,
  delimiter: string,
  temporary: TemporaryFiles,
  keep: Keep,
): Promise<void> {
  const read = (paths: readonly string[], compression: string) =>
    keep(
      connection,
      "raw",
      `SELECT * FROM read_csv([${paths.map(sqlText).join(", ")}], auto_detect=false, header=true, delim=${sqlText(delimiter)}, ` +
        `quote='"', escape='"', nullstr=[${missing.map(sqlText).join(", ")}], compression=${sqlText(compression)}, ` +
        `columns={${Array.from({ length: columns }, (_, j) => `c${j}: 'VARCHAR'`).join(", ")}})`,
    );
  const compressions = new Set(files.map((f) => f.compression));
  try {
    if (compressions.size > 1) await readPlain();
    else
      await read(
        files.map((f) => f.path),
        files[0]!.compression,
      );
  } catch (error) {
    if (!/state machine/u.test(String(error))) throw readError(error, files);
    try {
      await readPlain(); // lines that end sometimes in LF, sometimes in CRLF
    } catch (again) {
      throw readError(again, files);
    }
  }

  async function readPlain(): Promise<void> {
    const copies: string[] = [];
    for (const [i, file] of files.entries()) {
      const copy = await temporary.file(`plain-${i}.csv`);
      await pipeline(decompressed(file.path, file.compression), plainLines(), createWriteStream(copy));
      copies.push(copy);
    }
    await read(copies, "none");
  }
}

/** All line ends to LF. */
function plainLines(): Transform {
  let pending = false;
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      let text = part.toString("latin1"); // byte for byte
      if (pending) text = `\r${text}`;
      pending = text.endsWith("\r");
      if (pending) text = text.slice(0, -1);
      done(null, Buffer.from(text.replace(/\r\n?/gu, "\n"), "latin1"));
    },
    flush(done) {
      done(null, pending ? Buffer.from("\n") : undefined);
    },
  });
}

/** A type that the cells of a column may all have. */
interface CellType {
  /** A quick look at one cell: may the column be of this type? */
  readonly looksLike: (cell: string) => boolean;
  /** SQL: is the cell of this type? */
  readonly test: (cell: string) => string;
  /** SQL: the value. */
  readonly value: (cell: string) => string;
}

function cellTypes(decimalComma: boolean): readonly CellType[] {
  const number = (c: string) =>
    decimalComma ? `TRY_CAST(replace(${c}, ',', '.') AS DOUBLE)` : `TRY_CAST(${c} AS DOUBLE)`;
  const dates = (order: string): CellType => {
    const parse = (c: string) => `try_strptime(${c}, ['${order}', '${order} %H:%M', '${order} %H:%M:%S'])`;
    const shape = order.startsWith("%Y")
      ? /^\s*\d{4}\/\d{1,2}\/\d{1,2}\b/u
      : /^\s*\d{1,2}\.\d{1,2}\.\d{4}\b/u;
    return {
      looksLike: (cell) => shape.test(cell),
      test: (c) => `${parse(c)} IS NOT NULL`,
      value: parse,
    };
  };
  const clock = (c: string) =>
    `TRY_CAST(CASE WHEN length(${c}) <= 5 THEN ${c} || ':00' ELSE ${c} END AS TIME)`;
  return [
    {
      // Underscored and zero-padded numbers are codes.
      looksLike: (cell) => !Number.isNaN(parseNumber(decimalComma ? cell.replace(",", ".") : cell)),
      test: (c) => `${number(c)} IS NOT NULL AND NOT (contains(${c}, '_') OR (${c} >= '00' AND ${c} < '0:'))`,
      value: number,
    },
    {
      looksLike: (cell) => /^(?:true|false)$/iu.test(cell),
      test: (c) => `lower(${c}) IN ('true', 'false')`,
      value: (c) => `(lower(${c}) = 'true')`,
    },
    {
      looksLike: (cell) => !Number.isNaN(parseDate(cell)),
      test: (c) =>
        `regexp_full_match(${c}, '\\s*\\d{4}-\\d{1,2}-\\d{1,2}([T ]\\d{1,2}:\\d{2}(:\\d{2}(\\.\\d+)?)?\\s*(Z|[+-]\\d{2}(:?\\d{2})?)?)?\\s*') AND TRY_CAST(${c} AS TIMESTAMPTZ) IS NOT NULL`,
      value: (c) => `TRY_CAST(${c} AS TIMESTAMPTZ)`,
    },
    dates("%Y/%m/%d"),
    dates("%d.%m.%Y"),
    {
      looksLike: (cell) => /^\d{1,2}:\d{2}(?::\d{2})?/u.test(cell),
      test: (c) =>
        `regexp_full_match(${c}, '\\d{1,2}:\\d{2}(:\\d{2}(\\.\\d+)?)?') AND ${clock(c)} IS NOT NULL`,
      value: clock,
    },
  ];
}

/** An SQL expression for every column, of the first type that all of its cells have. */
async function columnTypes(
  connection: DuckDBConnection,
  names: readonly string[],
  decimalComma: boolean,
  notices: string[],
): Promise<string[]> {
  const all = names.map((_, j) => `c${j}`);
  const types = cellTypes(decimalComma);
  const examples = await ask(
    connection,
    all.map((c) => `any_value(${c})`),
  );
  const guesses = examples.map((cell) =>
    cell === null ? undefined : types.find(({ looksLike }) => looksLike(String(cell))),
  );
  const misfits = await ask(
    connection,
    all.map((c, j) =>
      guesses[j] ? `count(*) FILTER (${c} IS NOT NULL AND NOT coalesce(${guesses[j].test(c)}, false))` : "0",
    ),
  );
  examples.forEach((cell, j) => {
    if (/^\d{1,2}[/-]\d{1,2}[/-]\d{4}\b/u.test(String(cell)))
      notices.push(
        `column ${quote(names[j]!)} holds dates whose order of day and month is open, and is read as text; write them as 2026-01-31, or use --query with strptime(${sqlName(names[j]!)}, '%d/%m/%Y')`,
      );
  });
  return all.map((c, j) =>
    examples[j] === null ? "NULL::DOUBLE" : guesses[j] && Number(misfits[j]) === 0 ? guesses[j].value(c) : c,
  );
}

/** One row of aggregates over all cells, asked for a few hundred at a time. */
async function ask(connection: DuckDBConnection, expressions: readonly string[]): Promise<DuckDBValue[]> {
  const result: DuckDBValue[] = [];
  for (let start = 0; start < expressions.length; start += 400) {
    const rows = await (
      await connection.run(`SELECT ${expressions.slice(start, start + 400).join(", ")} FROM raw`)
    ).getRows();
    result.push(...rows[0]!);
  }
  return result;
}
