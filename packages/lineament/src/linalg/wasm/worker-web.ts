import { workerLoop } from "./worker.ts";
import type { FromWorker, ToWorker } from "./worker.ts";

// Bundled by build.ts into a string, from which threads-web.ts starts workers without fetching anything.

const scope = self as unknown as {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  postMessage(message: FromWorker): void;
};
const answer = workerLoop();
scope.onmessage = ({ data }) => void answer(data).then((reply) => scope.postMessage(reply));
