import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Thread, Threads } from "./thread.ts";

const file = new URL(
  import.meta.url.endsWith(".ts") ? "./worker-node.ts" : "./worker-node.js",
  import.meta.url,
);

function startScript<To, From>(script: URL): Thread<To, From> {
  // Flags of the main script, such as --input-type, are not for it; a source imports sources.
  const execArgv = script.pathname.endsWith(".ts") ? ["--conditions=@lineament/source"] : [];
  const worker = new Worker(script, { execArgv });
  worker.unref(); // an idle engine does not keep the process alive
  let settle: { resolve: (reply: From) => void; reject: (error: Error) => void } | undefined;
  let dead: Error | undefined;
  const die = (error: Error): void => {
    dead ??= error;
    settle?.reject(dead);
    settle = undefined;
  };
  worker.on("message", (reply: From) => {
    worker.unref();
    settle?.resolve(reply);
    settle = undefined;
  });
  worker.on("error", die);
  worker.on("exit", (code) => die(new Error(`a worker thread ended with code ${code}`)));
  return {
    ask: (message) =>
      new Promise((resolve, reject) => {
        if (dead) return reject(dead);
        settle = { resolve, reject };
        worker.ref();
        worker.postMessage(message);
      }),
    terminate: () => void worker.terminate(),
  };
}

export const threads: Threads = {
  processors: availableParallelism(),
  available: true,
  start: () => startScript(file),
  startScript,
};
