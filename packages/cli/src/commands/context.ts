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
  /** URL of a module whose `claims` take the place of the real ones: for tests. */
  readonly claims?: string | undefined;
}

/** The reason of the signal when the user interrupts. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor() {
    super("interrupted");
  }
}

/** The command has said all there is to say; only its exit code is left. */
export class Ended extends Error {
  override readonly name = "Ended";
  readonly code: number;

  constructor(code: number) {
    super(`ended with exit code ${code}`);
    this.code = code;
  }
}
