import { threads } from "#threads";
import { openEngine } from "lineament";
import { expect, test } from "vitest";
import type { LeafProblem } from "../../../src/machines/tree/fit-leaf.ts";
import { fitLeaves, type LeafThread } from "../../../src/machines/tree/fit-leaves.ts";
import { normals } from "../../contracts/data.ts";

const engine = await openEngine({ engine: "plain" });
const x = normals(120, 2, 1);
const problem: LeafProblem = {
  x: { coordinates: x },
  blockSizes: [],
  y: { data: Float64Array.from({ length: 120 }, (_, i) => x.data[2 * i]! ** 2), rows: 120, cols: 1 },
  weights: undefined,
  settings: {
    kernel: { family: "laplace", bandwidth: 2, exponent: 1 },
    bandwidth: "adaptive",
    form: "full",
    power: 0.5,
    shrinkage: 0,
    agopRows: 100,
    precision: "float64",
  },
  start: undefined,
  iterations: 1,
  ridges: [1e-3, 1e-1],
  schedule: [20],
  stopFactor: 1.1,
};
const jobs = [0, 1, 2].map((leaf) => ({
  address: `0.${leaf}`,
  rows: Int32Array.from({ length: 40 }, (_, i) => 40 * leaf + i),
  validation: new Int32Array(0),
  seed: leaf,
}));
const inline = await fitLeaves(engine, problem, jobs);
const script = new URL("../../../src/machines/tree/leaf-worker-node.ts", import.meta.url);

test("threads fit the same leaves as the calling thread, bit for bit", async () => {
  const seen: number[] = [];
  const leaves = await fitLeaves(engine, problem, jobs, { workers: 2, onLeaf: (done) => seen.push(done) });
  expect(leaves).toEqual(inline);
  expect(seen).toEqual([1, 2, 3]);
});

test("a thread that dies is noticed and its leaf is done again", async () => {
  let started = 0;
  /** The first thread dies in the middle of its second leaf. */
  const start = (): LeafThread => {
    const thread = threads.startScript!(script) as LeafThread;
    const first = started++ === 0;
    let asked = 0;
    return {
      ask: (message) => {
        const reply = thread.ask(message);
        if (first && message.kind === "leaf" && ++asked === 2) thread.terminate();
        return reply;
      },
      terminate: () => thread.terminate(),
    };
  };
  expect(await fitLeaves(engine, problem, jobs, { workers: 1, start })).toEqual(inline);
  expect(started).toBe(2);
});

test("a leaf whose threads always die is given up in one line", async () => {
  const start = (): LeafThread => ({
    ask: () => Promise.reject(new Error("gone")),
    terminate: () => undefined,
  });
  await expect(fitLeaves(engine, problem, jobs, { workers: 1, start })).rejects.toThrow(
    "leaf 0.0: its thread died 3 times",
  );
});

test("an aborted fit stops its threads and rejects with the reason", async () => {
  const controller = new AbortController();
  const fit = fitLeaves(engine, problem, jobs, {
    workers: 2,
    signal: controller.signal,
    onLeaf: () => controller.abort(new Error("enough")),
  });
  await expect(fit).rejects.toThrow("enough");
});
