import type { FromWorker, ToWorker } from "./worker.ts";

/** A worker thread of this platform. */
export interface Thread<To = ToWorker, From = FromWorker> {
  /** Sends a message; resolves with its answer, rejects when the thread dies. One message at a time. */
  ask(message: To): Promise<From>;
  terminate(): void;
}

/** What differs between Node.js and browsers. */
export interface Threads {
  /** Processors that this process may use. */
  readonly processors: number;
  /** False where memory can't be shared: all work then happens on the calling thread, in short turns. */
  readonly available: boolean;
  start(): Thread;
  /** Starts a thread that runs a script of ours which answers every message with one; absent where scripts are bundled. */
  readonly startScript?: (<To, From>(script: URL) => Thread<To, From>) | undefined;
}
