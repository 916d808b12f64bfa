import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openMachine, saveMachine } from "../../src/files/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  type FeatureMachine,
  type FitControl,
  fitFeatureMachine,
  FitOptions,
  type LearningProblem,
  RecursiveFeatureMachine,
  regressionScores,
} from "../../src/machines/index.ts";
import { filled, normals, points } from "../contracts/data.ts";

let engine: Awaited<ReturnType<typeof openEngine>>;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

const f = (row: ArrayLike<number>): number => Math.sin(2 * row[0]!) + row[1]! * row[2]!;
const rowsOf = (x: ReturnType<typeof normals>, i: number) => x.data.subarray(3 * i, 3 * i + 3);
const problemOf = (n: number, seed = 1): LearningProblem => {
  const x = normals(n, 3, seed);
  return {
    x: points(x),
    blockSizes: [],
    groups: [],
    target: { task: "regression", y: filled(n, 1, (i) => f(rowsOf(x, i))) },
  };
};
const unseen = normals(200, 3, 99);

async function r2(machine: FeatureMachine): Promise<number> {
  const { data } = await machine.predict(points(unseen));
  return regressionScores(filled(200, 1, (i) => f(rowsOf(unseen, i))).data, data).r2;
}

const fit = (
  problem: LearningProblem,
  options: FitOptions,
  control: FitControl = {},
): Promise<FeatureMachine> => fitFeatureMachine(engine, problem, FitOptions.parse(options), control);

/** Says that it is enough at the first progress of which this is true. */
function enoughWhen(
  done: (message: string, stage: string) => boolean,
): FitControl & { readonly enough: AbortSignal } {
  const controller = new AbortController();
  return {
    enough: controller.signal,
    onProgress: ({ message, stage }) => done(message, stage) && controller.abort(),
  };
}

const weightOf = ({ state }: FeatureMachine): number =>
  state.members.reduce((sum, { recipe }) => sum + recipe.weight, 0);

describe("when it is enough before anything is fitted", () => {
  const enough = AbortSignal.abort();

  test("the first candidate is the machine, on a sample of rows", async () => {
    const machine = await fit(problemOf(3100), { effort: "quick" }, { enough });
    const { summary, members, x } = machine.state;
    expect(summary).toMatchObject({ evaluated: 1, cutShort: ["search", "fit"] });
    expect(members).toHaveLength(1);
    expect(x.coordinates.rows).toBe(3000);
    expect(await r2(machine)).toBeGreaterThan(0.8);
  });

  test.each(["tree", "nystrom"] as const)("it is a %s when one was asked for", async (method) => {
    const machine = await fit(problemOf(1000), { effort: "quick", method, centers: 200 }, { enough });
    expect(machine.state.summary).toMatchObject({ evaluated: 1, cutShort: ["search", "fit"] });
    // A single step of conjugate gradients, under no metric.
    expect(await r2(machine)).toBeGreaterThan(0.5);
  });

  test("a given machine makes no metric update", async () => {
    const machine = {
      kernel: { family: "laplace", bandwidth: 2 },
      bandwidth: "adaptive",
      ridge: 0.01,
    } as const;
    for (const refit of [true, false]) {
      const fitted = await fit(problemOf(600), { machine: { ...machine, refit } }, { enough });
      expect(fitted.state.members[0]!.recipe.ridges).toHaveLength(1);
      expect(fitted.state.summary.cutShort).toEqual(["fit"]);
      expect(await r2(fitted)).toBeGreaterThan(0.7);
    }
    const sampled = await fit(problemOf(600), { machine: { ...machine, metricRows: 150 } }, { enough });
    expect(sampled.state.members[0]!.expansions[0]!.rows).toHaveLength(150);
    expect(await r2(sampled)).toBeGreaterThan(0.5);
  });
});

describe("when it is enough in the middle", () => {
  test("of the search, the best so far is the machine", async () => {
    const control = enoughWhen((message) => message.includes(": 3 of"));
    const { summary, members } = (await fit(problemOf(300), { effort: "quick" }, control)).state;
    expect(summary).toMatchObject({ evaluated: 3, cutShort: ["search", "fit"] });
    expect(members).toHaveLength(1);
  });

  test("of fitting the chosen, those that are done are averaged", async () => {
    const whole = await fit(problemOf(300), { effort: "quick" });
    expect(whole.state.members.length).toBeGreaterThan(1);
    const control = enoughWhen((message) => message.startsWith("fitting machine 2 of"));
    const machine = await fit(problemOf(300), { effort: "quick" }, control);
    expect(machine.state.members).toHaveLength(1);
    expect(machine.state.members[0]!.expansions).toEqual(whole.state.members[0]!.expansions);
    expect(weightOf(machine)).toBeCloseTo(1, 12);
    expect(machine.state.summary.cutShort).toEqual(["fit"]);
    expect(await r2(machine)).toBeGreaterThan(0.7);
  });

  test("of fitting the first machine, it is solved for a sample of rows, which those held out are judged by", async () => {
    const control = enoughWhen((message) => message.startsWith("fitting machine 1 of"));
    const machine = await fit(problemOf(4000), { effort: "quick" }, control);
    const { members, validation, x, summary } = machine.state;
    expect(members).toHaveLength(1);
    expect(validation.predictions.rows).toBe(800);
    expect(members[0]!.expansions.map(({ rows }) => rows.length)).toEqual([3800]);
    expect(x.coordinates.rows).toBe(4000);
    expect(summary.cutShort).toEqual(["fit"]);
    expect(await r2(machine)).toBeGreaterThan(0.8);
  });

  test("of a tree, leaves that are not begun keep the metric they start with, on a sample of their rows", async () => {
    const tree = { capacity: 200, trees: 1 };
    const machine = {
      kernel: { family: "laplace", bandwidth: 2 },
      bandwidth: "adaptive",
      iterations: 2,
      metricRows: 80,
      tree,
    } as const;
    const whole = await fit(problemOf(1200), { machine });
    const control = enoughWhen((message) => message.includes("leaf 2 of"));
    const cut = await fit(problemOf(1200), { machine }, control);
    const sizes = (fitted: FeatureMachine) =>
      fitted.state.members[0]!.expansions.map(({ rows }) => rows.length);
    expect(cut.state.members[0]!.partition!.children).toEqual(whole.state.members[0]!.partition!.children);
    expect(sizes(cut).filter((size) => size > 80)).toHaveLength(2);
    expect(sizes(cut).filter((size) => size === 80)).toHaveLength(sizes(whole).length - 2);
    expect(cut.state.summary.cutShort).toEqual(["fit"]);
    expect(await r2(cut)).toBeGreaterThan(0.8);
  });

  test("of several trees, those that are not done are left out", async () => {
    const machine = {
      kernel: { family: "laplace", bandwidth: 2 },
      bandwidth: "adaptive",
      iterations: 0,
      ridge: 0.01,
      tree: { capacity: 200, trees: 3 },
    } as const;
    const one = await fit(problemOf(600), { machine: { ...machine, tree: { capacity: 200, trees: 1 } } });
    const control = enoughWhen((message) => message.startsWith("tree 2 of 3"));
    const cut = await fit(problemOf(600), { machine }, control);
    expect(cut.state.members).toEqual(one.state.members);
    expect(cut.state.summary.cutShort).toEqual(["fit"]);
  });

  test("its file says so", async () => {
    const control = enoughWhen((_, stage) => stage === "fitting");
    const { state } = await fit(problemOf(300), { effort: "quick" }, control);
    expect(state.summary.cutShort).toEqual(["fit"]);
    expect(
      openMachine(engine, saveMachine(new RecursiveFeatureMachine(engine, state, { matrix: false }))).state,
    ).toEqual(state);
  });
});

test("when it is enough of the search, the best so far is fitted to all rows", async () => {
  const { enough: enoughSearch, onProgress } = enoughWhen((message) => message.includes(": 3 of"));
  const { state } = await fit(problemOf(300), { effort: "quick" }, { enoughSearch, onProgress });
  expect(state.summary).toMatchObject({ evaluated: 3, cutShort: ["search"] });
  expect(state.members.length).toBeGreaterThan(1);
});

test("time that is over is enough; time that is not changes nothing", async () => {
  const hurried = await fit(problemOf(900), { effort: "default", seconds: 0.2 });
  expect(hurried.state.summary.cutShort).toContain("search");
  expect(hurried.state.summary.evaluated).toBeLessThan(20);
  expect(await r2(hurried)).toBeGreaterThan(0.8);
  const problem = problemOf(150);
  const calm = await fit(problem, { effort: "quick", seconds: 600 });
  expect(calm.state).toEqual((await fit(problem, { effort: "quick" })).state);
});

test("a signal still stops at once after it was enough", async () => {
  const controller = new AbortController();
  const stopped = fit(
    problemOf(300),
    { effort: "quick" },
    {
      enough: AbortSignal.abort(),
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("stop")),
    },
  );
  await expect(stopped).rejects.toThrow("stop");
});
