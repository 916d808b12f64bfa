import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { access, constants, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InputError } from "lineament";

/**
 * Refuses a path that cannot be written, before any work is done for it. Nothing is created or changed.
 * @param endings - allowed file endings, such as ".csv"; any when absent
 * @throws InputError with one line
 */
export async function assertWritable(path: string, endings?: readonly string[]): Promise<void> {
  if (path.trim() === "") throw new InputError("the output path is empty; name a file");
  if (endings && !endings.some((ending) => path.toLowerCase().endsWith(ending)))
    throw new InputError(`${path}: the name must end in ${endings.join(", ")}`);
  const folder = dirname(path);
  const there = await statOrUndefined(path);
  if (there?.isDirectory()) throw new InputError(`${path} is a folder; name a file`);
  if (there && !there.isFile()) throw new InputError(`${path} is not a plain file`);
  const parent = await statOrUndefined(folder);
  if (!parent) throw new InputError(`${path} cannot be written: there is no folder ${folder}`);
  if (!parent.isDirectory()) throw new InputError(`${path} cannot be written: ${folder} is not a folder`);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    if (there) await access(path, constants.W_OK);
    const probe = temporaryName(path);
    await (await open(probe, "wx")).close(); // permissions do not tell of read-only disks and overlong names
    await rm(probe);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Writes a file whole or not at all: `write` gets a temporary name beside it, which is renamed at the end, and removed
 * when `write` fails or the process exits.
 */
export async function writeWhole(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryName(path);
  const remove = () => rmSync(temporary, { force: true });
  process.once("exit", remove);
  try {
    await write(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw isFileError(error) ? unwritable(path, error) : error;
  } finally {
    process.off("exit", remove);
  }
}

function temporaryName(path: string): string {
  return join(dirname(path), `.lineament-${randomBytes(6).toString("hex")}.part`);
}

async function statOrUndefined(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw unwritable(path, error);
  }
}

/** Errors of Node.js, and those of DuckDB. */
function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && ("syscall" in error || error.message.startsWith("IO Error: "));
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
  ENAMETOOLONG: "the name is too long",
  ENOTDIR: "part of the path is not a folder",
  ENOENT: "the folder is gone or takes no files",
};

/** Why a file could not be written or read, in a few words. */
export function fileReason(error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (/no space left/iu.test(message)) return reasons["ENOSPC"]!;
  return reasons[code] ?? message.split("\n")[0]!;
}

function unwritable(path: string, error: unknown): InputError {
  return new InputError(`${path} cannot be written: ${fileReason(error)}`);
}
