import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { run } from "@lineament/cli";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, as `main.ts` would. */
export async function runCommand(
  words: readonly string[],
  {
    stdin = "",
    signal = new AbortController().signal,
    claims,
  }: { readonly stdin?: string; readonly signal?: AbortSignal; readonly claims?: string } = {},
): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const texts = [stdout, stderr].map(async (stream) => {
    let text = "";
    for await (const part of stream) text += String(part);
    return text;
  });
  const code = await run(words, { stdout, stderr, stdin: Readable.from([stdin]), signal, claims });
  stdout.end();
  stderr.end();
  const [out, err] = (await Promise.all(texts)) as [string, string];
  return { code, stdout: out, stderr: err };
}

/** A folder that is gone after the tests. */
export class Folder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), "lineament-test-")));
  }

  at(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  list(): Promise<string[]> {
    return readdir(this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
