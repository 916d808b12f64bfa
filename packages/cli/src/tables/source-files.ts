import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, rmSync } from "node:fs";
import { access, constants, glob, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { InputError, nearestName } from "lineament";

export type Format = "csv" | "parquet" | "json";
export type Compression = "none" | "gzip" | "zstd";

/** A file that is there, can be read and is not empty. */
export interface SourceFile {
  readonly path: string;
  /** How messages name it. */
  readonly name: string;
  readonly bytes: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly modified: number;
  readonly sha256: string;
  readonly format: Format;
  readonly compression: Compression;
  /** The first bytes, decompressed: all of a small file, and at least the header of a CSV. */
  readonly head: Buffer;
}

const headSize = 1 << 18;

/** The files that `path` names: one file, a glob, or standard input ("-"), which is kept in `temporary` files. */
export async function findFiles(
  path: string,
  stdin: Readable,
  temporary: TemporaryFiles,
): Promise<SourceFile[]> {
  if (path === "-") {
    const copy = await temporary.file("stdin");
    await pipeline(stdin, createWriteStream(copy, { mode: 0o600 }));
    return [await open(copy, "standard input")];
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//iu.test(path))
    throw new InputError(`${path}: addresses are not read; download the file first`);
  const isFile = await statOf(path);
  if (isFile?.isDirectory())
    throw new InputError(`${path} is a folder; name a file, or several as "${join(path, "*.csv")}"`);
  if (isFile) return [await open(path, path)];
  if (!/[*?[{]/u.test(path)) throw new InputError(`${path}: no such file${await nearFile(path)}`);
  const found: string[] = [];
  for await (const name of glob(path)) if ((await statOf(name))?.isFile()) found.push(name);
  if (found.length === 0) throw new InputError(`${path}: no file has such a name`);
  const files: SourceFile[] = [];
  for (const name of found.sort()) files.push(await open(name, name));
  return files;
}

/** @throws InputError when a file is not what it was when it was found */
export async function assertUnchanged(files: readonly SourceFile[]): Promise<void> {
  for (const { path, name, bytes, modified } of files) {
    const now = await statOf(path);
    if (now?.size !== bytes || now.mtimeMs !== modified)
      throw new InputError(`${name} changed while it was read; start again when it is complete`);
  }
}

/** Files that are removed when the work is done. */
export class TemporaryFiles implements AsyncDisposable {
  #folder: string | undefined;

  // Also when the process exits without waiting.
  readonly #remove = () => rmSync(this.#folder!, { recursive: true, force: true });

  async file(name: string): Promise<string> {
    if (this.#folder === undefined) {
      this.#folder = await mkdtemp(join(tmpdir(), "lineament-"));
      process.once("exit", this.#remove);
    }
    return join(this.#folder, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder === undefined) return;
    await rm(this.#folder, { recursive: true, force: true });
    process.off("exit", this.#remove);
  }
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unreadable(path, error);
  }
}

async function nearFile(path: string): Promise<string> {
  try {
    const near = nearestName(basename(path), await readdir(dirname(path)));
    return near === undefined ? "" : `; did you mean ${join(dirname(path), near)}?`;
  } catch {
    return "";
  }
}

function unreadable(name: string, error: unknown): InputError {
  const { code } = error as NodeJS.ErrnoException;
  const why =
    code === "EACCES" || code === "EPERM"
      ? "no permission to read it"
      : error instanceof Error
        ? error.message
        : String(error);
  return new InputError(`${name} cannot be read: ${why}`);
}

async function open(path: string, name: string): Promise<SourceFile> {
  const found = await statOf(path);
  const special = found !== undefined && !found.isFile();
  if (special)
    throw new InputError(`${name} is not a plain file; to read a stream, pipe it in and name the table "-"`);
  const bytes = found?.size ?? 0;
  if (bytes === 0) throw new InputError(`${name} is empty`);
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    throw unreadable(name, error);
  }
  const [sha256, start] = await Promise.all([hash(path, name), readHead(path, name, "none", 8)]);
  const compression =
    start.readUInt16BE(0) === 0x1f8b
      ? "gzip"
      : start.length >= 4 && start.readUInt32LE(0) === 0xfd2fb528
        ? "zstd"
        : "none";
  const head = await readHead(path, name, compression, headSize);
  if (head.length === 0) throw new InputError(`${name} is empty`);
  return {
    path,
    name,
    bytes,
    modified: found!.mtimeMs,
    sha256,
    compression,
    head,
    format: formatOf(name, head, compression),
  };
}

async function hash(path: string, name: string): Promise<string> {
  const sum = createHash("sha256");
  try {
    for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) sum.update(part as Buffer);
  } catch (error) {
    throw unreadable(name, error);
  }
  return sum.digest("hex");
}

/** A stream of the decompressed content. */
export function decompressed(path: string, compression: Compression): Readable {
  const file = createReadStream(path);
  if (compression === "none") return file;
  const through = compression === "gzip" ? createGunzip() : createZstdDecompress();
  file.on("error", (error) => through.destroy(error));
  through.on("close", () => file.destroy());
  return file.pipe(through);
}

async function readHead(path: string, name: string, compression: Compression, size: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of decompressed(path, compression)) {
      parts.push(part as Buffer);
      length += (part as Buffer).length;
      if (length >= size) break;
    }
  } catch (error) {
    throw compression === "none"
      ? unreadable(name, error)
      : new InputError(`${name}: the ${compression} data is damaged or cut off`);
  }
  const head = Buffer.concat(parts);
  return size === 8 ? Buffer.concat([head.subarray(0, 8), Buffer.alloc(Math.max(0, 2 - head.length))]) : head;
}

/** By content where content tells, else by the file's ending. */
function formatOf(name: string, head: Buffer, compression: Compression): Format {
  const starts = (text: string) => head.subarray(0, text.length).toString("latin1") === text;
  const ending = /\.([a-z0-9]+)(?:\.(?:gz|gzip|zst|zstd))?$/iu.exec(name)?.[1]?.toLowerCase();
  if (starts("PAR1")) {
    if (compression === "none") return "parquet";
    throw new InputError(
      `${name}: a compressed Parquet file; decompress it first (Parquet compresses inside)`,
    );
  }
  if (ending === "parquet" || ending === "pq") throw new InputError(`${name} is not a Parquet file`);
  if (starts("PK\u0003\u0004"))
    throw new InputError(`${name} is a zip archive or an Excel workbook; save the sheet as CSV`);
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff))
    throw new InputError(`${name} is UTF-16 text; save it as UTF-8`);
  if (head.includes(0))
    throw new InputError(
      `${name} is not text: it holds zero bytes; tables are CSV, TSV, JSON, JSONL or Parquet`,
    );
  const first = textOf(head).trimStart()[0];
  if (ending === "json" || ending === "jsonl" || ending === "ndjson") return "json";
  if (ending === "csv" || ending === "tsv" || ending === "txt" || ending === "tab") return "csv";
  return first === "{" || first === "[" ? "json" : "csv";
}

/** UTF-8 text without its byte order mark. */
export function textOf(bytes: Buffer): string {
  return new TextDecoder("utf-8").decode(bytes);
}
