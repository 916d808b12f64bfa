import type { Readable } from "node:stream";
import type { Output, Screen } from "../output/screen.ts";

/** What a command may use of the process it runs in. */
export interface Context {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Readable;
  /** The command line, without node and the script. */
  readonly words: readonly string[];
  /** Aborted when the command is to stop at once: `interrupts.signal` where there are such. */
  readonly signal: AbortSignal;
  /** Where Ctrl-C arrives; absent where nobody can press it. */
  readonly interrupts?: Interrupts | undefined;
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

/** Ctrl-C: asks work that can end early for its best so far, and stops everything else at once. */
export class Interrupts {
  readonly #stop = new AbortController();
  #enough: AbortController | undefined;

  /** Aborted when everything is to stop. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** The user pressed Ctrl-C. */
  press(): void {
    if (this.#enough && !this.#enough.signal.aborted) this.#enough.abort(new Interrupted());
    else this.stop();
  }

  /** Everything is to stop. */
  stop(): void {
    this.#stop.abort(new Interrupted());
  }

  /** Does work that ends early when its signal is aborted: by the first Ctrl-C meanwhile. */
  async endingEarly<T>(work: (enough: AbortSignal) => Promise<T>): Promise<T> {
    this.#enough = new AbortController();
    try {
      return await work(this.#enough.signal);
    } finally {
      this.#enough = undefined;
    }
  }
}

/** Does work that can end early; the user is told when it will. */
export async function endingEarly<T>(
  { interrupts }: Context,
  screen: Screen,
  work: (enough: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (!interrupts) return await work(undefined);
  return await interrupts.endingEarly(async (enough) => {
    const tell = () => screen.note("finishing with the best so far; Ctrl-C again stops at once");
    enough.addEventListener("abort", tell);
    return await work(enough);
  });
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
