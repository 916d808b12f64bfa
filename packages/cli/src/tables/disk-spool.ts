import { randomBytes } from "node:crypto";
import { statfsSync } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gigabytes, InputError, type Spool } from "lineament";
import { fileReason } from "./write-whole.ts";

/**
 * Rows on disk. The file has no name once it is open, so that nothing is left of it whatever happens to the process.
 *
 * Messages tell to set TMPDIR, which says where temporary files go.
 */
export class DiskSpool implements Spool, AsyncDisposable {
  readonly #file: Pick<FileHandle, "write" | "read" | "close">;
  readonly #folder: string;

  /** @param file - opened for writing and reading; closed with the spool */
  constructor(file: Pick<FileHandle, "write" | "read" | "close">, folder = tmpdir()) {
    this.#file = file;
    this.#folder = folder;
  }

  static async create(folder = tmpdir()): Promise<DiskSpool> {
    const path = join(folder, `lineament-${randomBytes(6).toString("hex")}.rows`);
    try {
      const file = await open(path, "wx+", 0o600);
      await unlink(path);
      return new DiskSpool(file, folder);
    } catch (error) {
      throw unwritable(folder, error);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;)
        at += (await this.#file.write(bytes, at, bytes.length - at)).bytesWritten;
    } catch (error) {
      throw unwritable(this.#folder, error);
    }
  }

  async read(into: Uint8Array, offset: number): Promise<void> {
    for (let at = 0; at < into.length;) {
      const { bytesRead } = await this.#file
        .read(into, at, into.length - at, offset + at)
        .catch((error: unknown) => {
          throw new InputError(`rows that were kept in ${this.#folder} cannot be read: ${fileReason(error)}`);
        });
      if (bytesRead === 0)
        throw new InputError(`rows that were kept in ${this.#folder} are gone: the file was cut off`);
      at += bytesRead;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** Refuses what will not fit, before it is written. */
export function assertSpace(bytes: number, folder = tmpdir()): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bytes > bavail * bsize)
    throw new InputError(
      `${gigabytes(bytes)} of rows must be kept on disk, and ${folder} has ${gigabytes(bavail * bsize)} free; set TMPDIR to another folder, or allow more memory`,
    );
}

function unwritable(folder: string, error: unknown): InputError {
  return new InputError(
    `rows cannot be kept in ${folder}: ${fileReason(error)}; set TMPDIR to another folder, or allow more memory`,
  );
}
