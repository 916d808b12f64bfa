import { threads } from "#threads";
import {
  type FitControl,
  fitFeatureMachine,
  type FitOptions,
  type LearningProblem,
  openEngine,
  parseFitOptions,
} from "lineament";
import { afterEach, expect, test, vi } from "vitest";
import type { CrewThread } from "../../../src/machines/crew/crew.ts";
import { filled, normals, points } from "../../contracts/data.ts";

const engine = await openEngine({ engine: "plain" });
const n = 500;
const x = normals(n, 2, 4);
const problem: LearningProblem = {
  x: points(x),
  blockSizes: [],
  groups: [],
  target: { task: "regression", y: filled(n, 1, (i) => Math.sin(2 * x.data[2 * i]!) + x.data[2 * i + 1]!) },
};
const tree = {
  kernel: { family: "laplace", bandwidth: 2 },
  bandwidth: "adaptive",
  iterations: 1,
  metricRows: 40,
  tree: { capacity: 100 },
} as const;
const fit = (machine: FitOptions["machine"], control: FitControl = {}) =>
  fitFeatureMachine(engine, problem, parseFitOptions({ machine }), control);
const here = await fit(tree);

const platform = threads as { startScript: (script: URL) => CrewThread };
const { startScript } = platform;
afterEach(() => vi.restoreAllMocks());
/** Watches the threads that a fit starts. */
function watchThreads(watch: (thread: CrewThread, number: number) => CrewThread): () => number {
  let started = 0;
  vi.spyOn(platform, "startScript").mockImplementation((script) => watch(startScript(script), started++));
  return () => started;
}

test("a tree fitted over threads is the tree fitted here, bit for bit, and its threads end with the fit", async () => {
  let ended = 0;
  const started = watchThreads((thread) => ({
    ask: (message) => thread.ask(message),
    terminate: () => {
      ended++;
      thread.terminate();
    },
  }));
  expect((await fit(tree, { workers: 2 })).state).toEqual(here.state);
  expect(started()).toBeGreaterThan(0);
  expect(ended).toBe(started());
});

test("when one of its threads dies, its leaf is done again and the tree is the same", async () => {
  const started = watchThreads((thread, number) => ({
    ask: (message) => {
      const reply = thread.ask(message);
      if (number === 0) thread.terminate();
      return reply;
    },
    terminate: () => thread.terminate(),
  }));
  expect((await fit(tree, { workers: 2 })).state).toEqual(here.state);
  expect(started()).toBeGreaterThan(2);
});

test("when it is enough, leaves that threads have not begun are quick", async () => {
  const enough = AbortSignal.abort();
  const quick = await fit(tree, { workers: 2, enough });
  expect(quick.state).toEqual((await fit(tree, { enough })).state);
  const controller = new AbortController();
  const { state } = await fit(tree, {
    workers: 1,
    enough: controller.signal,
    onProgress: ({ message }) => message.includes("leaf 1 of") && controller.abort(),
  });
  const whole = here.state.members[0]!.expansions.map(({ rows }) => rows.length);
  const sizes = state.members[0]!.expansions.map(({ rows }) => rows.length);
  expect(sizes).toHaveLength(whole.length);
  expect(sizes.filter((size) => size === 40)).toHaveLength(whole.length - 1);
  expect(state.summary.cutShort).toEqual(["fit"]);
});
