import { threads as platform } from "#threads";
import type { Level3 } from "../native/blas.ts";
import type { Matrix, Precision } from "../matrix.ts";
import { matrix } from "../matrix.ts";
import { breather } from "../queue.ts";
import { newControl, stop } from "./crew.ts";
import { prepare } from "./job.ts";
import type { Job } from "./job.ts";
import { openKit } from "./kit.ts";
import { compiledModule } from "./module.ts";
import type { Thread } from "./thread.ts";
import { weigh } from "./weight.ts";

/** Runs jobs on worker threads, or on the calling thread where there are none. One job at a time. */
export interface Pool {
  readonly threads: number;
  readonly relaxed: boolean;
  /** Threads that a job of so many flops runs on. */
  threadsFor(flops: number): number;
  /** @param flops - roughly; small jobs are done on the calling thread, where they take less time than the message */
  run(job: Job, flops: number, signal?: AbortSignal): Promise<void>;
  close(): void;
}

export interface PoolOptions {
  readonly threads?: number | undefined;
  /** Products come from this BLAS: its functions for the calling thread, its path for the workers. */
  readonly blas?: { readonly now: Level3<void>; readonly path: string } | undefined;
  /** Jobs below this many flops run on the calling thread. */
  readonly inlineFlops?: number | undefined;
}

/** True where matrices can live in memory that threads share. */
export const sharing = platform.available;

export async function openPool({
  threads = platform.processors,
  blas,
  inlineFlops = 1e6,
}: PoolOptions = {}): Promise<Pool> {
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`threads: ${threads} is not a positive whole number`);
  const { module, relaxed } = await compiledModule();
  const count = sharing ? threads : 1;
  const kit = await openKit(module, blas?.now);
  let crew: Promise<readonly Thread[]> | undefined;

  const hire = async (): Promise<readonly Thread[]> => {
    const hired = Array.from({ length: count }, () => platform.start());
    const replies = await Promise.all(
      hired.map((thread) => thread.ask({ kind: "open", module, blas: blas?.path })),
    );
    const failure = replies.find(({ error }) => error !== undefined);
    if (failure) throw new Error(failure.error);
    return hired;
  };

  const threadsFor = (flops: number): number => (flops < inlineFlops ? 1 : count);

  return {
    threads: count,
    relaxed,
    threadsFor,
    async run(job, flops, signal) {
      signal?.throwIfAborted();
      const task = prepare(job, kit);
      if (!sharing || flops < inlineFlops) {
        const pause = breather(signal);
        for (let phase = 0; phase < task.phases; phase++)
          for (let tile = 0, tiles = task.tiles(phase); tile < tiles; tile++)
            for (const _ of task.run(phase, tile)) await pause();
        return;
      }
      crew ??= hire();
      const hired = await crew;
      const control = newControl(task.phases);
      const abort = (): void => stop(control);
      signal?.addEventListener("abort", abort);
      try {
        const replies = await Promise.all(
          hired.map((thread) =>
            thread.ask({ kind: "job", job, control, threads: count }).catch((error: unknown) => {
              stop(control);
              throw error;
            }),
          ),
        );
        const failure = replies.find(({ error }) => error !== undefined);
        if (failure) throw new Error(failure.error);
        signal?.throwIfAborted();
      } finally {
        signal?.removeEventListener("abort", abort);
      }
    },
    close() {
      void crew?.then(
        (hired) => hired.forEach((thread) => thread.terminate()),
        () => undefined, // the call that hired them has said what went wrong
      );
    },
  };
}

/** A zero matrix that all threads see. */
export function allocateShared(rows: number, cols: number, precision: Precision): Matrix {
  const bytes = rows * cols * (precision === "float32" ? 4 : 8);
  const memory = sharing ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  if (sharing) weigh(memory as SharedArrayBuffer);
  return matrix(precision === "float32" ? new Float32Array(memory) : new Float64Array(memory), rows, cols);
}
