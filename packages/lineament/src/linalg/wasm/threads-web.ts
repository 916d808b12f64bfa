import { workerSource } from "./modules.generated.ts";
import type { Thread, Threads } from "./thread.ts";
import type { FromWorker } from "./worker.ts";

function start(): Thread {
  const address = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  const worker = new Worker(address);
  let settle: { resolve: (reply: FromWorker) => void; reject: (error: Error) => void } | undefined;
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    URL.revokeObjectURL(address);
    settle?.resolve(data);
    settle = undefined;
  };
  worker.onerror = ({ message }) => {
    settle?.reject(new Error(`a worker thread failed: ${message || "its script could not be started"}`));
    settle = undefined;
  };
  return {
    ask: (message) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        worker.postMessage(message);
      }),
    terminate: () => worker.terminate(),
  };
}

export const threads: Threads = {
  processors: globalThis.navigator?.hardwareConcurrency ?? 1,
  available:
    typeof Worker === "function" && typeof SharedArrayBuffer === "function" && globalThis.crossOriginIsolated,
  start,
};
