import {
  applyView,
  decodeValues,
  FeatureMachine,
  fitFeatureMachine,
  fitKernelLogistic,
  fitNystromMachine,
  holdout,
  logisticProbabilities,
  random,
  KernelRidge,
  type LearningProblem,
  type Matrix,
  NystromMachine,
  type NystromMachineOptions,
  openEngine,
  openMachine,
  parseFitOptions,
  parseNystromFitOptions,
  RecursiveFeatureMachine,
  type RowSource,
  saveMachine,
  takeRows,
} from "lineament";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { classFrequencies } from "../../src/machines/index.ts";
import { expectClose, filled, gram, normals } from "../contracts/data.ts";

let engine: Awaited<ReturnType<typeof openEngine>>;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const n = 600;
const x = normals(n, 5, 1);
const noise = normals(n, 1, 2);
const y = Float64Array.from(
  { length: n },
  (_, i) => x.data[i * 5]! * x.data[i * 5 + 1]! + Math.sin(2 * x.data[i * 5]!) + 0.1 * noise.data[i]!,
);
const classes = Array.from(y, (value) => (value > 0.6 ? "high" : value < -0.6 ? "low" : "middle"));
const unseen = normals(200, 5, 3);
const truth = Float64Array.from(
  { length: 200 },
  (_, i) => unseen.data[i * 5]! * unseen.data[i * 5 + 1]! + Math.sin(2 * unseen.data[i * 5]!),
);
const laplace = { family: "laplace", bandwidth: 3 } as const;
const exact = { kernel: laplace, ridge: 0.1, precision: "float64", refit: false } as const;
const fit = (options: NystromMachineOptions = {}): Promise<RecursiveFeatureMachine<Float64Array>> =>
  NystromMachine.fit(x, y, { engine, centers: 150, ...options });

describe("with every row a center", () => {
  const options = { centers: n, tolerance: 1e-10, maxSteps: 200 };

  test("predicts what kernel ridge regression predicts", async () => {
    const one = await fit({ ...options, machine: { ...exact, iterations: 0 } });
    const other = await KernelRidge.fit(x, y, { engine, machine: exact });
    expectClose(await one.predict(unseen), await other.predict(unseen), 1e-6);
  });

  test.each(["full", "diagonal"] as const)(
    "learns the %s metric that the recursive feature machine learns",
    async (metric) => {
      const machine = { ...exact, metric, iterations: 2, stopFactor: 1e9 };
      const one = await fit({ ...options, machine });
      const other = await RecursiveFeatureMachine.fit(x, y, { engine, machine });
      expect(one.state.summary.leaderboard).toHaveLength(3);
      expect(one.state.summary.loss).toBeCloseTo(other.state.summary.loss, 6);
      expectClose(await one.predict(unseen), await other.predict(unseen), 1e-5);
    },
  );
});

test("categorical blocks are learned as the feature machine learns them", async () => {
  const levels = Int32Array.from({ length: n }, (_, i) => (i * 7) % 4);
  const effect = [0, 2, -1, 0.5];
  const target = {
    task: "regression",
    y: filled(n, 1, (i) => y[i]! + effect[levels[i]!]!),
  } as const;
  const problem = { x: { coordinates: x, levels }, blockSizes: [4], groups: [], target };
  const machine = { ...exact, iterations: 1, stopFactor: 1e9 };
  const one = await fitNystromMachine(
    engine,
    problem,
    parseNystromFitOptions({ centers: n, tolerance: 1e-10, maxSteps: 200, machine }),
  );
  const other = await fitFeatureMachine(engine, problem, parseFitOptions({ machine }));
  const there = { coordinates: unseen, levels: levels.slice(0, 200) };
  expectClose((await one.predict(there)).data, (await other.predict(there)).data, 1e-5);
});

describe("with fewer centers", () => {
  test("keeps the centers alone", async () => {
    const { state } = await fit();
    expect(state.x.coordinates.rows).toBe(150);
    expect(state.members[0]!.expansions[0]!.coefficients.rows).toBe(150);
  });

  test("predicts better with the metric it learned, by validation and on unseen rows", async () => {
    const machine = { kernel: laplace, bandwidth: "adaptive" } as const;
    const plain = await fit({ machine: { ...machine, iterations: 0 } });
    const learned = await fit({ machine });
    expect(learned.state.summary.loss).toBeLessThan(0.7 * plain.state.summary.loss);
    expect(1 - (await learned.score(unseen, truth))).toBeLessThan(
      0.7 * (1 - (await plain.score(unseen, truth))),
    );
  });

  test("learns the metric on a sample and solves for all rows", async () => {
    const machine = { kernel: laplace, metricRows: 200, iterations: 2, stopFactor: 1e9 };
    const { state } = await fit({ machine });
    expect(state.summary.leaderboard.map(({ rounds }) => rounds).slice(0, 3)).toEqual([0, 1, 2]);
    expect(state.summary.leaderboard).toHaveLength(4);
    expect(state.summary.loss).toBe(state.summary.leaderboard[3]!.loss);
    expect(state.summary.loss).toBeLessThan(0.3);
  });

  test("fits several targets at once", async () => {
    const both = filled(n, 2, (i, l) => (l === 0 ? y[i]! : -2 * y[i]! + 1));
    const machine = await NystromMachine.fit(x, both, { engine, centers: 150, machine: exact });
    expectTypeOf(machine).toEqualTypeOf<RecursiveFeatureMachine<Matrix<Float64Array>>>();
    const { data } = await machine.predict(unseen);
    for (let i = 0; i < 20; i++) expect(data[2 * i + 1]!).toBeCloseTo(1 - 2 * data[2 * i]!, 6);
  });

  test("fits rows as often as their weights say", async () => {
    // Rows of little weight have targets that are wrong.
    const wrong = Float64Array.from(y, (value, i) => (i % 3 === 0 ? -5 * value : value));
    const weights = Float64Array.from(y, (_, i) => (i % 3 === 0 ? 1e-4 : 1));
    const machine = { kernel: laplace, bandwidth: "adaptive", iterations: 2 } as const;
    const fitted = await NystromMachine.fit(x, wrong, { engine, centers: 200, weights, machine });
    expect(await fitted.score(unseen, truth)).toBeGreaterThan(0.85);
  });

  test("fits again with the validation rows when asked", async () => {
    const machine = { kernel: laplace, iterations: 0, ridge: 0.1 };
    const [without, again] = [await fit({ machine }), await fit({ machine: { ...machine, refit: true } })];
    expect(again.state.x).toEqual(without.state.x);
    expect(await again.predict(unseen)).not.toEqual(await without.predict(unseen));
    expect(again.state.summary).toEqual(without.state.summary);
  });
});

describe("classes", () => {
  test.each(["squared", "logistic"] as const)("are predicted with %s loss", async (loss) => {
    const machine = await NystromMachine.fit(x, classes, {
      engine,
      loss,
      centers: 150,
      machine: { kernel: laplace, bandwidth: "adaptive", iterations: 2 },
    });
    expect(machine.classes).toEqual(["high", "low", "middle"]);
    expect(await machine.score(x, classes)).toBeGreaterThan(0.8);
    const { data } = await machine.predictProbabilities(unseen);
    expect(Math.min(...data)).toBeGreaterThan(0);
    expect(machine.state.summary.loss).toBeLessThan(0.6);
  });

  test.each([2, 3])("of logistic loss are those of kernel logistic regression, %i classes", async (k) => {
    const codes = Int32Array.from(y, (value) => (value > 0.6 ? 0 : k === 2 || value > -0.6 ? 1 : 2));
    const machine = await NystromMachine.fit(x, codes, {
      engine,
      task: "classification",
      loss: "logistic",
      centers: n,
      tolerance: 1e-8,
      maxSteps: 60,
      machine: { kernel: laplace, iterations: 0, ridge: 1, precision: "float64" },
    });
    const { state } = machine;
    const [member] = state.members as [(typeof state.members)[number]];
    expect(member.expansions[0]!.coefficients.cols).toBe(k - 1);
    const labels = Int32Array.from(codes);
    const { train } = holdout(n, 0.2, 10_000, random(0), { labels });
    const own = Int32Array.from(train, (i) => labels[i]!);
    const rows = { coordinates: takeRows(x, train) };
    const kernel = await gram(engine, { ...laplace, exponent: 1 }, applyView(member.view, rows).coordinates);
    const offsets = classFrequencies(own, k).map(Math.log);
    const options = { classes: k, ridge: 1, offsets, tolerance: 1e-10, maxSteps: 3000 };
    const { latent } = await fitKernelLogistic(engine, kernel, own, options);
    const values = await new FeatureMachine(engine, state).memberValues(member, rows);
    expectClose(decodeValues(member.coding, values).data, logisticProbabilities(latent, offsets).data, 1e-6);
  });

  test("of balanced weights are found where they are rare", async () => {
    const rare = Array.from(y, (value) => (value > 1.2 ? "rare" : "usual"));
    const recall = async (classWeights: "none" | "balanced"): Promise<number> => {
      const machine = await NystromMachine.fit(x, rare, {
        engine,
        classWeights,
        centers: 100,
        machine: { kernel: laplace, bandwidth: "adaptive", iterations: 0, ridge: 1 },
      });
      const labels = await machine.predict(unseen);
      return labels.filter((label) => label === "rare").length;
    };
    expect(await recall("balanced")).toBeGreaterThan(await recall("none"));
  });

  test("logistic regression of numbers is refused", async () => {
    await expect(fit({ loss: "logistic" })).rejects.toThrow("logistic regression predicts classes");
  });
});

test("a saved machine predicts the same, also with a softmax link", async () => {
  for (const loss of ["squared", "logistic"] as const) {
    const machine = await NystromMachine.fit(x, classes, { engine, loss, centers: 60, machine: exact });
    const opened = openMachine(engine, saveMachine(machine));
    expect(await opened.predictProbabilities(unseen)).toEqual(await machine.predictProbabilities(unseen));
  }
});

describe("rows that do not fit into memory", () => {
  const { train } = holdout(n, 0.2, 10_000, random(0));
  const problemOf = (target: LearningProblem["target"]): LearningProblem => ({
    x: { coordinates: x },
    blockSizes: [],
    groups: [],
    target,
  });
  const chunked = (targets: Matrix, rows: Int32Array): RowSource => ({
    rows: rows.length,
    outputs: 1,
    async *chunks() {
      for (let start = 0; start < rows.length; start += 100) {
        await Promise.resolve();
        const part = rows.subarray(start, start + 100);
        yield { x: { coordinates: takeRows(x, part) }, y: takeRows(targets, part) };
      }
    },
  });
  const options = parseNystromFitOptions({ centers: 80, tolerance: 1e-9, maxSteps: 100, machine: exact });
  const machineOptions = { ...options, machine: { ...options.machine, iterations: 1, metricRows: 300 } };

  test("give what the same rows in memory give", async () => {
    const target = { task: "regression", y: filled(n, 1, (i) => y[i]!) } as const;
    const one = await fitNystromMachine(engine, problemOf(target), machineOptions);
    const rows = chunked(target.y, train);
    const other = await fitNystromMachine(engine, problemOf(target), machineOptions, { rows });
    const there = { coordinates: unseen };
    expectClose((await other.predict(there)).data, (await one.predict(there)).data, 1e-6);
  });

  test("leave out those of the sample that validate", async () => {
    const target = { task: "regression", y: filled(n, 1, (i) => y[i]!) } as const;
    const all = Int32Array.from({ length: n }, (_, i) => i);
    const without = { rows: chunked(target.y, train) };
    const within = { rows: chunked(target.y, all), positions: all };
    const [one, other] = [
      await fitNystromMachine(engine, problemOf(target), machineOptions, without),
      await fitNystromMachine(engine, problemOf(target), machineOptions, within),
    ];
    const there = { coordinates: unseen };
    expectClose((await other.predict(there)).data, (await one.predict(there)).data, 1e-6);
  });

  test("may have classes", async () => {
    const codes = Int32Array.from(y, (value) => (value > 0 ? 1 : 0));
    const labels = { task: "classification", labels: codes, classes: 2 } as const;
    const all = Int32Array.from({ length: n }, (_, i) => i);
    const rows = chunked(
      filled(n, 1, (i) => codes[i]!),
      all,
    );
    for (const loss of ["squared", "logistic"] as const) {
      const machine = await fitNystromMachine(
        engine,
        problemOf(labels),
        { ...machineOptions, loss },
        { rows },
      );
      const { data } = await machine.predict({ coordinates: unseen });
      const right = truth.filter((value, i) => data[2 * i + 1]! > 0.5 === value > 0).length;
      expect(right / truth.length).toBeGreaterThan(0.8);
    }
  });
});

describe("a running fit", () => {
  test("reports how far it is, never going back", async () => {
    const seen: number[] = [];
    await fit({
      machine: { kernel: laplace, metricRows: 200 },
      onProgress: ({ fraction }) => void seen.push(fraction),
    });
    expect(seen.at(-1)).toBe(1);
    expect(seen.every((value, at) => at === 0 || value >= seen[at - 1]!)).toBe(true);
  });

  test("returns the best so far when that is enough", async () => {
    const enough = new AbortController();
    const machine = await fit({
      machine: { kernel: laplace, metricRows: 200 },
      enough: enough.signal,
      onProgress: ({ message }) => message.startsWith("metric 2") && enough.abort(),
    });
    expect(machine.state.summary.leaderboard.length).toBeLessThanOrEqual(3);
    expect(await machine.score(unseen, truth)).toBeGreaterThan(0.3);
  });

  test("stops at once when aborted", async () => {
    const stopped = fit({ signal: AbortSignal.abort(new Error("stopped")) });
    await expect(stopped).rejects.toThrow("stopped");
  });
});

test("what makes no sense is refused", async () => {
  await expect(fit({ centers: 0 })).rejects.toThrow("centers");
  await expect(fit({ machine: { kernel: laplace, logarithm: true } })).rejects.toThrow(
    "only positive numbers",
  );
  await expect(fit({ machine: { kernel: laplace, tree: {} } })).rejects.toThrow("has no leaves");
  await expect(fit({ loss: "hinge" as "squared" })).rejects.toThrow("loss");
});
