// A worker that copies numbers as fast as it can: it answers the milliseconds for which it is to copy with the bytes that it copied.

import { parentPort } from "node:worker_threads";

const numbers = 2 ** 24; // 128 MiB, larger than any cache
const [from, to] = [new Float64Array(numbers).fill(1), new Float64Array(numbers)];
to.set(from);
parentPort!.postMessage(0);
parentPort!.on("message", (milliseconds: number) => {
  const started = performance.now();
  let copies = 0;
  let elapsed = 0;
  do {
    to.set(from);
    copies++;
    elapsed = performance.now() - started;
  } while (elapsed < milliseconds);
  parentPort!.postMessage((1000 * copies * from.byteLength) / elapsed);
});
