import { parentPort } from "node:worker_threads";
import type { Engine } from "../../linalg/index.ts";
import { openEngine } from "../../linalg/open-engine.ts";
import { weighAll } from "../../linalg/wasm/weight.ts";
import { type Job, openWork, type Result, type Work, type Worker } from "./work.ts";

/** A job for a thread. Arrays of the work live in memory that threads share. */
export interface ToCrewWorker {
  readonly engine: Engine["name"];
  /** Absent when it is that of the last job. */
  readonly work: Work | undefined;
  readonly job: Job;
  /** There is no time for more than the quickest result. */
  readonly quick: boolean;
}

export type FromCrewWorker = { readonly result: Result } | { readonly error: Error };

let engine: Engine | undefined;
let worker: Worker | undefined;

async function answer({ engine: name, work, job, quick }: ToCrewWorker): Promise<FromCrewWorker> {
  try {
    engine ??= await openEngine({ engine: name, threads: 1, inlineFlops: Infinity });
    if (work) {
      weighAll(work);
      worker = openWork(engine, work);
    }
    return { result: await worker!(job as never, { enough: quick ? AbortSignal.abort() : undefined }) };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

parentPort!.on("message", (message: ToCrewWorker) => {
  void answer(message).then((reply) => parentPort!.postMessage(reply));
});
