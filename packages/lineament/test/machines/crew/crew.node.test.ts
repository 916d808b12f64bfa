import { threads } from "#threads";
import { openEngine } from "lineament";
import { afterAll, expect, test } from "vitest";
import { type Crew, type CrewThread, openCrew } from "../../../src/machines/crew/crew.ts";
import { share } from "../../../src/machines/crew/share.ts";
import type { LeafProblem } from "../../../src/machines/tree/fit-leaf.ts";
import { fitLeaves } from "../../../src/machines/tree/fit-leaves.ts";
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
const here = await fitLeaves(openCrew(engine), problem, jobs);

const script = new URL("../../../src/machines/crew/crew-worker-node.ts", import.meta.url);
const startThread = (): CrewThread => threads.startScript!(script) as CrewThread;
const crews: Crew[] = [];
const crewOf = (workers: number, start?: () => CrewThread): Crew => {
  const crew = openCrew(engine, { workers, start });
  crews.push(crew);
  return crew;
};
afterAll(() => crews.forEach((crew) => crew.close()));

test("threads give the same results as the calling thread, bit for bit, in the order of the jobs", async () => {
  const seen: number[] = [];
  const leaves = await fitLeaves(crewOf(2), problem, jobs, { onLeaf: (done) => seen.push(done) });
  expect(leaves).toEqual(here);
  expect(seen).toEqual([1, 2, 3]);
});

test("threads stay for later works, until the crew is closed", async () => {
  let started = 0;
  let ended = 0;
  const crew = crewOf(1, () => {
    started++;
    const thread = startThread();
    return {
      ask: (message) => thread.ask(message),
      terminate: () => {
        ended++;
        thread.terminate();
      },
    };
  });
  await fitLeaves(crew, problem, jobs.slice(0, 1));
  const other = { ...problem, weights: new Float64Array(120).fill(2) };
  expect(await fitLeaves(crew, other, jobs)).toEqual(await fitLeaves(openCrew(engine), other, jobs));
  expect([started, ended]).toEqual([1, 0]);
  crew.close();
  expect([started, ended]).toEqual([1, 1]);
});

test("a thread that dies is noticed and its job is done again", async () => {
  let started = 0;
  /** The first thread dies in the middle of its second job. */
  const start = (): CrewThread => {
    const thread = startThread();
    const first = started++ === 0;
    let asked = 0;
    return {
      ask: (message) => {
        const reply = thread.ask(message);
        if (first && ++asked === 2) thread.terminate();
        return reply;
      },
      terminate: () => thread.terminate(),
    };
  };
  expect(await fitLeaves(crewOf(1, start), problem, jobs)).toEqual(here);
  expect(started).toBe(2);
});

test("a job whose threads always die is given up in one line", async () => {
  const start = (): CrewThread => ({
    ask: () => Promise.reject(new Error("gone")),
    terminate: () => undefined,
  });
  await expect(fitLeaves(crewOf(1, start), problem, jobs)).rejects.toThrow(
    "leaf 0.0: its thread died 3 times",
  );
});

test("what a job throws is thrown as it would be on the calling thread", async () => {
  const unsolvable = {
    ...problem,
    y: { ...problem.y, data: new Float64Array(120).fill(NaN) },
    x: { coordinates: { ...x, data: x.data.map(() => NaN) } },
  };
  const thrown = await fitLeaves(openCrew(engine), unsolvable, jobs).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(Error);
  await expect(fitLeaves(crewOf(2), unsolvable, jobs)).rejects.toEqual(thrown);
});

test("when a signal is aborted, threads end and the work rejects with the reason", async () => {
  const controller = new AbortController();
  const fit = fitLeaves(crewOf(2), problem, jobs, {
    signal: controller.signal,
    onLeaf: () => controller.abort(new Error("enough")),
  });
  await expect(fit).rejects.toThrow("enough");
});

test("what is sent to threads lies in memory that they share, copied unless it did", () => {
  const given = {
    a: Float64Array.of(1, 2),
    b: [Int32Array.of(3), "text", undefined],
    c: new Float32Array(new SharedArrayBuffer(8)),
  };
  const shared = share(given);
  expect(shared).toEqual(given);
  expect(shared.a.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(given.a.buffer).toBeInstanceOf(ArrayBuffer);
  expect(shared.c).toBe(given.c);
});
