import type { Readable } from "node:stream";
import type { Output } from "../output/screen.ts";

/** What a command may use of the process it runs in. */
export interface Context {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Readable;
  /** The command line, without node and the script. */
  readonly words: readonly string[];
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The reason of the signal when the user interrupts. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor() {
    super("interrupted");
  }
}
