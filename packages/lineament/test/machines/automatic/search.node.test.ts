import { threads } from "#threads";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { openEngine } from "../../../src/linalg/open-engine.ts";
import { PLANS } from "../../../src/machines/automatic/plan.ts";
import {
  type SearchOptions,
  type SearchPlan,
  searchMachines,
  type SearchResult,
} from "../../../src/machines/automatic/search.ts";
import { type Crew, type CrewOptions, type CrewThread, openCrew } from "../../../src/machines/crew/crew.ts";
import type { LearningProblem } from "../../../src/machines/learning-problem.ts";
import { filled, normals, points } from "../../contracts/data.ts";

const engine = await openEngine();
const x = normals(300, 3, 1);
/** Positive, so that logarithms are tried as well. */
const y = filled(300, 1, (i) => {
  const [a, b, c] = x.data.subarray(3 * i);
  return 5 + Math.sin(2 * a!) + b! * c!;
});
const problem: LearningProblem = {
  x: points(x),
  blockSizes: [],
  groups: [],
  target: { task: "regression", y },
  weights: Float64Array.from({ length: 300 }, (_, i) => 1 + (i % 2)),
};
/** Two comparisons, with changes of the best candidates. */
const plan: SearchPlan = {
  ...PLANS.quick.search,
  screeningRows: 60,
  smallRows: 100,
  finalRows: 150,
  mutations: 4,
  rounds: 1,
};

const crews: Crew[] = [];
afterEach(() => crews.splice(0).forEach((crew) => crew.close()));
const search = (options: CrewOptions, more: Partial<SearchOptions> = {}): Promise<SearchResult> => {
  const crew = openCrew(engine, options);
  crews.push(crew);
  return searchMachines(crew, problem, plan, { seed: 0, ...more });
};
const script = new URL("../../../src/machines/crew/crew-worker-node.ts", import.meta.url);

/** Starts threads and counts them; `onAsk` sees every question, by the number of the thread. */
function countedThreads(onAsk: (thread: CrewThread, started: number) => void = () => undefined) {
  const counts = { started: 0, ended: 0 };
  const start = (): CrewThread => {
    const thread = threads.startScript!(script) as CrewThread;
    const number = ++counts.started;
    return {
      ask: (message) => {
        const reply = thread.ask(message);
        onAsk(thread, number);
        return reply;
      },
      terminate: () => {
        counts.ended++;
        thread.terminate();
      },
    };
  };
  return { counts, start };
}

const here = await search({});

/** Threads multiply on one processor each, which rounds otherwise than several together: in float32, and over two rounds. */
function expectSame(found: SearchResult): void {
  expect(found.evaluated).toBe(here.evaluated);
  expect(found.members.map(({ candidate }) => candidate)).toEqual(
    here.members.map(({ candidate }) => candidate),
  );
  expect(found.leaderboard.map(({ name }) => name)).toEqual(here.leaderboard.map(({ name }) => name));
  found.leaderboard.forEach(({ loss }, at) => expect(loss).toBeCloseTo(here.leaderboard[at]!.loss, 5));
  found.members.forEach(({ weight, ridges }, at) => {
    expect(weight).toBeCloseTo(here.members[at]!.weight, 5);
    expect(ridges).toEqual(here.members[at]!.ridges);
  });
  expect(found.loss).toBeCloseTo(here.loss, 5);
}

test.each([1, 3])("%d threads find the machines that the calling thread finds", async (workers) => {
  const seen: string[] = [];
  expectSame(
    await search({ workers }, { onProgress: ({ stage, done, of }) => seen.push(`${stage} ${done}/${of}`) }),
  );
  expect(seen.filter((line) => line.startsWith("screening"))).toHaveLength(here.evaluated);
  expect(seen.at(-1)).toMatch(/^comparing (\d+)\/\1$/);
});

test("a thread that dies during a comparison changes nothing", async () => {
  const { counts, start } = countedThreads((thread, number) => {
    if (number === 1) thread.terminate();
  });
  expectSame(await search({ workers: 2, start }));
  expect(counts.started).toBe(3);
});

test("an abort ends all threads at once", async () => {
  const controller = new AbortController();
  const { counts, start } = countedThreads();
  const found = search(
    { workers: 2, start },
    {
      signal: controller.signal,
      onProgress: ({ done }) => done === 3 && controller.abort(new Error("stop")),
    },
  );
  await expect(found).rejects.toThrow("stop");
  expect(counts).toEqual({ started: 2, ended: 2 });
});

test("when it is enough, what is judged is used and the rest left out", async () => {
  const controller = new AbortController();
  const found = await search(
    { workers: 2 },
    { enough: controller.signal, onProgress: ({ done }) => done === 6 && controller.abort() },
  );
  expect(found).toMatchObject({ evaluated: 6, cutShort: true });
});

test("when it is enough from the start, the first candidate alone is judged, whoever does it", async () => {
  const enough = AbortSignal.abort();
  const [alone, together] = [await search({}, { enough }), await search({ workers: 3 }, { enough })];
  expect(alone.evaluated).toBe(1);
  expect(together.evaluated).toBe(1);
  expect(together.members[0]!.candidate).toEqual(alone.members[0]!.candidate);
  expect(together.members[0]!.ridges).toHaveLength(1);
});

test("nothing keeps a process alive after a search and leaves over the same threads", async () => {
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    const { openEngine } = await import(${module("../../../src/linalg/open-engine.ts")});
    const { fitFeatureMachine } = await import(${module("../../../src/machines/fit-feature-machine.ts")});
    const { parseFitOptions } = await import(${module("../../../src/machines/options.ts")});
    const data = Float64Array.from({ length: 40 }, (_, i) => Math.sin(i));
    const x = { coordinates: { data, rows: 40, cols: 1 } };
    const problem = { x, blockSizes: [], groups: [], target: { task: "regression", y: { data: data.map(Math.abs), rows: 40, cols: 1 } } };
    const { state } = await fitFeatureMachine(await openEngine(), problem, parseFitOptions({ effort: "quick", method: "tree" }), { workers: 2 });
    console.log(state.summary.evaluated);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@lineament/source", "--input-type=module", "-e", script],
    { cwd: fileURLToPath(new URL(".", import.meta.url)), timeout: 25_000 },
  );
  expect(Number(stdout)).toBeGreaterThan(10);
});
