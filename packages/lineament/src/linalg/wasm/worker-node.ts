import { parentPort } from "node:worker_threads";
import { workerLoop } from "./worker.ts";
import type { ToWorker } from "./worker.ts";

const answer = workerLoop(async (path) => (await import("../native/blas.ts")).openBlas(path).now);
const port = parentPort!;
port.on("message", (message: ToWorker) => void answer(message).then((reply) => port.postMessage(reply)));
