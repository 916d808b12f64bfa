import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, type Matrix, random, rowRange } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  classificationScores,
  type FeatureMachine,
  fitFeatureMachine,
  FitOptions,
  type LearningProblem,
  regressionScores,
} from "../../src/machines/index.ts";
import { expectClose, filled, normals, points, withLevels } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 }); // small matrices: more threads only wait for each other
});
afterAll(() => engine.close());

type MachineOptions = NonNullable<FitOptions["machine"]>;

/** A small machine that is fitted quickly; the ridge is given, except where its choice matters. */
const laplace: MachineOptions = {
  kernel: { family: "laplace", bandwidth: 2 },
  bandwidth: "adaptive",
  iterations: 2,
  ridge: 0.01,
};

const fit = (problem: LearningProblem, options: FitOptions = { machine: laplace }): Promise<FeatureMachine> =>
  fitFeatureMachine(engine, problem, FitOptions.parse(options));

const regression = (
  x: Matrix,
  f: (row: ArrayLike<number>, i: number) => number,
  more: Partial<LearningProblem> = {},
): LearningProblem => ({
  x: points(x),
  blockSizes: [],
  groups: [],
  target: {
    task: "regression",
    y: filled(x.rows, 1, (i) => f(x.data.subarray(i * x.cols, (i + 1) * x.cols), i)),
  },
  ...more,
});
const classification = (
  x: Matrix,
  classes: number,
  f: (row: ArrayLike<number>, i: number) => number,
): LearningProblem => ({
  x: points(x),
  blockSizes: [],
  groups: [],
  target: {
    task: "classification",
    labels: Int32Array.from({ length: x.rows }, (_, i) =>
      f(x.data.subarray(i * x.cols, (i + 1) * x.cols), i),
    ),
    classes,
  },
});

const r2 = async (machine: FeatureMachine, { x, target }: LearningProblem): Promise<number> => {
  if (target.task !== "regression") throw new Error("expected regression");
  return regressionScores(target.y.data, (await machine.predict(x)).data).r2;
};
const scores = async (machine: FeatureMachine, { x, target }: LearningProblem) => {
  if (target.task !== "classification") throw new Error("expected classes");
  return classificationScores(target.labels, await machine.predict(x));
};

/** The metric of the only member, as S Sᵀ. */
const learned = (machine: FeatureMachine): { full: boolean; values: Float64Array } => {
  const { metric } = machine.state.members[0]!.expansions[0]!;
  return metric.form === "full"
    ? { full: true, values: metric.root.data }
    : { full: false, values: metric.scale };
};

describe("what is learned", () => {
  const d = 20;
  const direction = (() => {
    const raw = [...normals(1, d, 8).data];
    const length = Math.hypot(...raw);
    return raw.map((value) => value / length);
  })();
  const projection = (row: ArrayLike<number>): number =>
    direction.reduce((sum, v, k) => sum + v * row[k]!, 0);

  test("a single direction: the top eigenvector of the metric is v for y = g(vᵀx)", async () => {
    const problem = regression(
      normals(1000, d, 1),
      (row) => Math.sin(2 * projection(row)) + projection(row) ** 2 / 2,
    );
    const machine = await fit(problem, { machine: { ...laplace, iterations: 4, ridge: undefined } });
    const plain = await fit(problem, { machine: { ...laplace, iterations: 0 } });
    const { full, values } = learned(machine);
    expect(full).toBe(true);
    const { vectors } = await engine.eigenSymmetric({ data: values, rows: d, cols: d });
    // The view standardizes columns; their deviations are 1 up to sampling.
    const top = Array.from({ length: d }, (_, k) => vectors.data[k * d + d - 1]!);
    const cosine = Math.abs(top.reduce((sum, value, k) => sum + value * direction[k]!, 0));
    expect(cosine).toBeGreaterThan(0.95);
    const test = regression(
      normals(500, d, 2),
      (row) => Math.sin(2 * projection(row)) + projection(row) ** 2 / 2,
    );
    expect(await r2(machine, test)).toBeGreaterThan(0.9);
    expect(await r2(machine, test)).toBeGreaterThan((await r2(plain, test)) + 0.1);
  });

  test.each([
    ["the Laplace kernel", laplace],
    ["the product kernel", { ...laplace, kernel: { family: "lpq", bandwidth: 2 } }],
  ] as const)("noise columns weigh less than every true one, with %s", async (_, options) => {
    const problem = regression(normals(600, 8, 3), (row) => row[0]! * row[1]! + Math.sin(2 * row[2]!));
    const machine = await fit(problem, { machine: { ...options, metric: "diagonal", iterations: 3 } });
    const { full, values } = learned(machine);
    expect(full).toBe(false);
    expect(Math.min(...values.slice(0, 3))).toBeGreaterThan(Math.max(...values.slice(3)));
  });

  test("zero iterations are kernel ridge regression: the metric stays the identity", async () => {
    const machine = await fit(
      regression(normals(80, 3, 1), (row) => row[0]!),
      { machine: { ...laplace, iterations: 0 } },
    );
    expect(learned(machine)).toEqual({ full: false, values: new Float64Array(3).fill(1) });
  });
});

describe("classes", () => {
  const x = normals(400, 4, 1);
  const label = (row: ArrayLike<number>): number => (row[0]! * row[1]! > 0.3 ? 2 : row[2]! > 0 ? 1 : 0);

  test("three are told apart, with probabilities that fit", async () => {
    const machine = await fit(classification(x, 3, label));
    const { accuracy, logLoss } = await scores(machine, classification(normals(400, 4, 2), 3, label));
    expect(accuracy).toBeGreaterThan(0.85);
    expect(logLoss).toBeLessThan(0.45);
  });

  test("probabilities are positive and sum to 1, far from the data too", async () => {
    const machine = await fit(classification(x, 3, label));
    const p = await machine.predict(points(filled(6, 4, (i, k) => (i - 3) * 10 ** (2 * i) * (k - 1))));
    for (let i = 0; i < 6; i++) {
      const row = p.data.subarray(3 * i, 3 * i + 3);
      expect(row.every((value) => value > 0 && value < 1)).toBe(true);
      expect(row.reduce((sum, value) => sum + value)).toBeCloseTo(1, 12);
    }
  });

  test("a class that some folds lack keeps its column", async () => {
    const machine = await fit(classification(x, 4, (row, i) => (i < 2 ? 3 : label(row))));
    const p = await machine.predict(points(normals(5, 4, 4)));
    expect(p.cols).toBe(4);
    expect(p.data.every(Number.isFinite)).toBe(true);
  });

  test("balanced weights help the rare class", async () => {
    const problem = classification(x, 2, (row, i) =>
      row[0]! + 0.8 * normals(400, 1, 9).data[i]! > 1.8 ? 1 : 0,
    );
    const share = async (classWeights: "none" | "balanced"): Promise<number> => {
      const p = await (await fit(problem, { classWeights, machine: laplace })).predict(problem.x);
      return p.data.reduce((sum, value, at) => sum + (at % 2 === 1 ? value : 0), 0) / 400;
    };
    expect(await share("balanced")).toBeGreaterThan(1.5 * (await share("none")));
  });

  test("separable ones give finite probabilities", async () => {
    const machine = await fit(classification(x, 2, (row) => (row[0]! > 0 ? 1 : 0)));
    const p = await machine.predict(points(x));
    expect(p.data.every((value) => value > 0 && value < 1)).toBe(true);
  });
});

describe("unusual tables", () => {
  const options: FitOptions = { machine: laplace };
  const finite = async (problem: LearningProblem, more: FitOptions = options): Promise<Matrix> => {
    const machine = await fit(problem, more);
    const out = await machine.predict(problem.x);
    expect(out.data.every(Number.isFinite)).toBe(true);
    return out;
  };

  test("more columns than rows", () => finite(regression(normals(30, 80, 1), (row) => row[0]!)));
  test("two rows", () => finite(regression(normals(2, 3, 1), (row) => row[0]!)));
  test("one column", () => finite(regression(normals(40, 1, 1), (row) => row[0]! ** 2)));
  test("a constant target", async () =>
    expectClose(
      (await finite(regression(normals(40, 3, 1), () => 5))).data,
      new Float64Array(40).fill(5),
      1e-9,
    ));
  test("constant columns, alone and among others", async () => {
    await finite(
      regression(
        filled(40, 2, () => 1),
        (_, i) => i % 7,
      ),
    );
    await finite(
      regression(
        filled(40, 3, (i, k) => (k === 1 ? 4 : normals(40, 3, 1).data[i * 3 + k]!)),
        (row) => row[0]!,
      ),
    );
  });
  test("duplicate rows with different targets, and no ridge", async () => {
    const once = normals(30, 3, 1);
    const doubled = filled(60, 3, (i, k) => once.data[(i % 30) * 3 + k]!);
    const problem = regression(doubled, (row, i) => row[0]! + (i < 30 ? 0.5 : -0.5));
    await finite(problem);
    await finite(problem, { machine: { ...laplace, ridge: 0 } });
  });
  test("a column in other units", async () => {
    const x = filled(200, 3, (i, k) => normals(200, 3, 1).data[i * 3 + k]! * [1, 1e9, 1e-9][k]!);
    const machine = await fit(regression(x, (row) => row[0]! + row[1]! / 1e9 + row[2]! * 1e9));
    expect(
      await r2(
        machine,
        regression(x, (row) => row[0]! + row[1]! / 1e9 + row[2]! * 1e9),
      ),
    ).toBeGreaterThan(0.9);
  });
  test("several targets", async () => {
    const x = normals(150, 3, 1);
    const y = filled(150, 2, (i, l) => (l === 0 ? x.data[i * 3]! : 100 * x.data[i * 3 + 1]! + 7));
    const out = await finite({ x: points(x), blockSizes: [], groups: [], target: { task: "regression", y } });
    for (const l of [0, 1]) {
      const part = (m: Matrix): Float64Array =>
        Float64Array.from({ length: 150 }, (_, i) => m.data[i * 2 + l]!);
      expect(regressionScores(part(y), part(out)).r2).toBeGreaterThan(0.9);
    }
  });
  test("a positive target on the scale of logarithms", async () => {
    const problem = regression(normals(200, 2, 1), (row) => Math.exp(3 * row[0]!));
    expect(
      (await finite(problem, { machine: { ...laplace, logarithm: true } })).data.every((value) => value > 0),
    ).toBe(true);
  });
  test("the logarithm of a target that is not positive is refused", async () => {
    const machine = { ...laplace, logarithm: true };
    await expect(
      fit(
        regression(normals(40, 2, 1), (_, i) => i - 3),
        { machine },
      ),
    ).rejects.toThrow("is -3 in row 0");
  });
  test.each(["laplace", "lpq", "sum-power"] as const)(
    "categorical blocks with unknown levels, full metric (%s)",
    async (family) => {
      const n = 120;
      const levels = Array.from({ length: n }, (_, i) => (i * 7) % 6);
      const x = withLevels(normals(n, 2, 1), levels);
      const y = filled(n, 1, (i) => levels[i]! + x.coordinates.data[i * 2]!);
      const problem: LearningProblem = { x, blockSizes: [5], groups: [], target: { task: "regression", y } };
      const bandwidth = family === "sum-power" ? "constant" : "adaptive";
      const machine = await fit(problem, {
        machine: { ...laplace, kernel: { family, bandwidth: 2 }, bandwidth, iterations: 3 },
      });
      expect(await r2(machine, problem)).toBeGreaterThan(0.8);
    },
  );
});

describe("weights and groups", () => {
  test("heavy rows are fitted, light ones hardly", async () => {
    const x = normals(200, 2, 1);
    const outlier = (i: number): boolean => i % 10 === 0;
    const f = (row: ArrayLike<number>): number => Math.sin(row[0]!);
    const weights = Float64Array.from({ length: 200 }, (_, i) => (outlier(i) ? 1e-6 : 1));
    const weighted = await fit(regression(x, (row, i) => f(row) + (outlier(i) ? 20 : 0), { weights }));
    const clean = regression(x, f);
    expect(await r2(weighted, clean)).toBeGreaterThan(0.8);
  });

  test("rows of a group are never divided: what a group shares does not look predictable", async () => {
    // The target is constant within a group, and x tells the groups apart but nothing else.
    const n = 200;
    const perGroup = 10;
    const centers = normals(n / perGroup, 3, 2);
    const x = filled(
      n,
      3,
      (i, k) => centers.data[Math.floor(i / perGroup) * 3 + k]! + 0.01 * normals(n, 3, 3).data[i * 3 + k]!,
    );
    const targets = normals(n / perGroup, 1, 4);
    const problem = regression(x, (_, i) => targets.data[Math.floor(i / perGroup)]!);
    const rowGroups = Int32Array.from({ length: n }, (_, i) => Math.floor(i / perGroup));
    expect((await fit(problem)).state.summary.loss).toBeLessThan(0.1);
    expect((await fit({ ...problem, rowGroups })).state.summary.loss).toBeGreaterThan(0.6);
  });
});

describe("manners", () => {
  const problem = regression(normals(120, 3, 1), (row) => row[0]! * row[1]!);
  const other = points(normals(9, 3, 2));

  test("the same seed gives the same machine, another seed another", async () => {
    const one = await fit(problem, { seed: 3, machine: laplace });
    const same = await fit(problem, { seed: 3, machine: laplace });
    expect(same.state.members).toEqual(one.state.members);
    expect((await same.predict(other)).data).toEqual((await one.predict(other)).data);
    expect(same.state.summary).toEqual(one.state.summary);
    const another = await fit(problem, { seed: 4, machine: laplace });
    expect(another.state.summary.loss).not.toBe(one.state.summary.loss);
  });

  test("inputs are not changed", async () => {
    const before = structuredClone(problem);
    await fit(problem);
    expect(problem).toEqual(before);
  });

  test("a row is predicted the same alone and among others", async () => {
    const machine = await fit(problem);
    const all = await machine.predict(other);
    for (let i = 0; i < 9; i++) {
      const alone = await machine.predict(
        points({ data: other.coordinates.data.slice(3 * i, 3 * i + 3), rows: 1, cols: 3 }),
      );
      expect(Math.abs(alone.data[0]! - all.data[i]!)).toBeLessThan(1e-5);
    }
  });

  test("more rows than are predicted together are each predicted in their place", async () => {
    const machine = await fit(
      regression(normals(12, 260, 1), (row) => row[0]!),
      {
        machine: { ...laplace, iterations: 0 },
      },
    );
    const x = normals(20_000, 260, 2);
    const all = await machine.predict(points(x));
    for (const [start, end] of [
      [0, 3],
      [9_999, 10_002],
      [19_997, 20_000],
    ] as const) {
      const few = await machine.predict(points(rowRange(x, start, end)));
      expectClose(few.data, all.data.subarray(start, end), 1e-5);
    }
  });

  test("wrong columns are refused, none are fine", async () => {
    const machine = await fit(problem);
    await expect(machine.predict(points(normals(2, 4)))).rejects.toThrow("x has 4 columns, expected 3");
    expect(await machine.predict(points(filled(0, 3, () => 0)))).toMatchObject({ rows: 0, cols: 1 });
  });

  test("validation rows predict what the fit reports", async () => {
    const { state } = await fit(problem);
    const { predictions, target } = state.validation;
    if (target.task !== "regression") throw new Error("expected regression");
    expect(predictions.rows).toBe(120); // five folds cover all rows
    expect(1 - regressionScores(target.y.data, predictions.data).r2).toBeCloseTo(state.summary.loss, 10);
  });

  test("progress rises to 1, and a signal stops the fit", async () => {
    const fractions: number[] = [];
    await fitFeatureMachine(engine, problem, FitOptions.parse({ machine: laplace }), {
      onProgress: ({ fraction }) => fractions.push(fraction),
    });
    expect(fractions.at(-1)).toBe(1);
    expect(fractions.every((fraction, at) => at === 0 || fraction >= fractions[at - 1]!)).toBe(true);
    const stop = fitFeatureMachine(engine, problem, FitOptions.parse({ machine: laplace }), {
      signal: AbortSignal.abort(new Error("enough")),
    });
    await expect(stop).rejects.toThrow("enough");
  });
});

describe("the automatic choice", () => {
  const f = (row: ArrayLike<number>): number => Math.sin(2 * row[0]!) + row[1]! * row[2]!;
  const noisy = (seed: number): LearningProblem => {
    const generator = random(seed + 50);
    return regression(normals(150, 4, seed), (row) => f(row) + 0.1 * generator.normal());
  };

  test("is at least as good on validation rows as its best machine, and learns", async () => {
    const machine = await fit(noisy(1), { effort: "quick" });
    const { summary, members } = machine.state;
    expect(summary.loss).toBeLessThanOrEqual(summary.bestSingleLoss * (1 + 1e-9));
    expect(members.reduce((sum, { recipe }) => sum + recipe.weight, 0)).toBeCloseTo(1, 10);
    expect(await r2(machine, noisy(2))).toBeGreaterThan(0.75);
  });

  test("with the same seed is the same machine", async () => {
    const few = regression(normals(60, 3, 1), f);
    const one = await fit(few, { effort: "quick", seed: 1 });
    const same = await fit(few, { effort: "quick", seed: 1 });
    expect(same.state.members).toEqual(one.state.members);
    expect(same.state.summary).toEqual(one.state.summary);
  });

  test("takes categorical blocks", async () => {
    const n = 80;
    const levels = Array.from({ length: n }, (_, i) => (i * 11) % 8);
    const x = withLevels(normals(n, 2, 1), levels);
    const y = filled(n, 1, (i) => (levels[i]! % 3) + 0.5 * x.coordinates.data[i * 2]!);
    const machine = await fit(
      { x, blockSizes: [8], groups: [], target: { task: "regression", y } },
      { effort: "quick" },
    );
    expect(regressionScores(y.data, (await machine.predict(x)).data).r2).toBeGreaterThan(0.9);
  });

  test("of classes is calibrated", async () => {
    const generator = random(7);
    const draw = (seed: number): LearningProblem =>
      classification(normals(150, 3, seed), 2, (row) =>
        generator.uniform() < 1 / (1 + Math.exp(-2 * row[0]!)) ? 1 : 0,
      );
    const machine = await fit(draw(1), { effort: "quick" });
    // The best possible log loss here is about 0.46; the prior alone has 0.69.
    expect((await scores(machine, draw(2))).logLoss).toBeLessThan(0.58);
  });
});
