import type { Level3 } from "../native/blas.ts";
import { stop, work } from "./crew.ts";
import { prepare } from "./job.ts";
import type { Job } from "./job.ts";
import { openKit } from "./kit.ts";
import { weighAll } from "./weight.ts";

// What a worker thread does, whichever way its messages travel.

export type ToWorker =
  | { readonly kind: "open"; readonly module: WebAssembly.Module; readonly blas: string | undefined }
  | { readonly kind: "job"; readonly job: Job; readonly control: Int32Array; readonly threads: number };

/** `error` is absent when all went well. */
export interface FromWorker {
  readonly error?: string;
}

/** Answers every message with one of its own. */
export function workerLoop(
  openBlas?: (path: string) => Promise<Level3<void>>,
): (message: ToWorker) => Promise<FromWorker> {
  let kit: ReturnType<typeof openKit> | undefined;
  return async (message) => {
    try {
      if (message.kind === "open") {
        kit = openKit(
          message.module,
          message.blas === undefined ? undefined : await openBlas?.(message.blas),
        );
        await kit;
      } else {
        weighAll(message.job); // so that this thread, too, lets go of matrices
        work(prepare(message.job, await kit!), message.control, message.threads);
      }
      return {};
    } catch (error) {
      if (message.kind === "job") stop(message.control); // the others must not wait for this thread
      return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
}
