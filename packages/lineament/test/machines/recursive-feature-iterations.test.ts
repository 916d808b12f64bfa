import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fullyConnected } from "../../src/layers/index.ts";
import { type Kernel, type Metric, metricMatrix } from "../../src/kernels/index.ts";
import { asMatrix, type Engine, type Matrix } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  averageGradientOuterProduct,
  chooseIterate,
  evaluate,
  gradients,
  type Iterate,
  type IterationOptions,
  type IterationSettings,
  recursiveFeatureIterations,
  transformed,
} from "../../src/machines/index.ts";
import {
  eliminate,
  expectClose,
  filled,
  largestDifference,
  normals,
  points,
  product,
} from "../contracts/data.ts";
import vectors from "../vectors/feature-learning.json" with { type: "json" };

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

type Rows = readonly (readonly number[])[];

function vector<Inputs, Expected>(id: string) {
  const found = vectors.cases.find((one) => one.id === id);
  return found as unknown as { inputs: Inputs; expected: Expected; tol: number };
}

/** Every entry within an absolute tolerance. */
function expectWithin(actual: ArrayLike<number>, expected: Rows, tolerance: number): void {
  expect(largestDifference(actual, expected.flat())).toBeLessThanOrEqual(tolerance);
}

/** The metric with S² = M. */
async function rootOf(m: Rows): Promise<Metric> {
  const { values, vectors: q } = await engine.eigenSymmetric(asMatrix(m));
  const d = m.length;
  const scaled = filled(d, d, (i, j) => q.data[i * d + j]! * Math.sqrt(values[j]!));
  const root = product(
    scaled,
    filled(d, d, (i, j) => q.data[j * d + i]!),
  );
  return { form: "full", root, blocks: [] };
}

async function run(
  x: Matrix,
  y: Matrix,
  settings: IterationSettings,
  { iterations = 3, ridge = 1e-3 } = {},
): Promise<(Iterate & { readonly m: Matrix<Float64Array> })[]> {
  const found = [];
  for await (const iterate of recursiveFeatureIterations(engine, { x: points(x), y }, settings, {
    iterations,
    ridges: [ridge],
  }))
    found.push({ ...iterate, m: await metricMatrix(engine, iterate.round.metric) });
  return found;
}

interface Expansion {
  readonly centres: Rows;
  readonly points: Rows;
  readonly M: Rows;
  readonly L: number;
  readonly alpha: Rows;
}

const expansionOf = async ({ centres, M, L, alpha }: Expansion) =>
  transformed(engine, {
    kernel: { family: "laplace", bandwidth: L, exponent: 1 },
    metric: await rootOf(M),
    centers: points(asMatrix(centres)),
    coefficients: asMatrix(alpha),
  });

test("values and gradients of a Laplace machine under a metric are the closed form (FL-V1)", async () => {
  type Expected = { K: Rows; f: Rows; grad_point_output_coord: readonly Rows[] };
  const { inputs, expected, tol } = vector<Expansion, Expected>("FL-V1");
  const machine = await expansionOf(inputs);
  const x = points(asMatrix(inputs.points));
  const columns = { ...machine, coefficients: filled(3, 3, (i, j) => (i === j ? 1 : 0)) };
  expectWithin((await evaluate(engine, columns, x)).data, expected.K, tol);
  expectWithin((await evaluate(engine, machine, x)).data, expected.f, tol);
  const found = await gradients(engine, machine, x);
  expectWithin(found.data, expected.grad_point_output_coord.flat(), tol);
});

test("the AGOP at the centers leaves out the point itself; centered, the mean of each output (FL-V2)", async () => {
  const { inputs, expected, tol } = vector<Expansion, { agop: Rows; agop_centred: Rows }>("FL-V2");
  const machine = await expansionOf(inputs);
  const of = async (centered: boolean): Promise<ArrayLike<number>> => {
    const { values } = await averageGradientOuterProduct(engine, machine, { centered });
    return "data" in values ? values.data : values;
  };
  expectWithin(await of(false), expected.agop, tol);
  expectWithin(await of(true), expected.agop_centred, tol);
});

interface Iteration {
  readonly X: Rows;
  readonly y: readonly number[];
  readonly Xtest: Rows;
  readonly L: number;
  readonly reg: number;
  readonly T: number;
}

interface Iterated {
  readonly M: Rows;
  readonly alpha: readonly number[];
  readonly test_pred: readonly number[];
  readonly train_mse?: number;
}

async function expectIterates(
  id: string,
  kernel: (bandwidth: number) => Kernel,
  settings: Partial<IterationSettings>,
): Promise<void> {
  const { inputs, expected, tol } = vector<Iteration, readonly Iterated[]>(id);
  const { X, y, Xtest, L, reg, T } = inputs;
  const iterates = await run(
    asMatrix(X),
    asMatrix(y.map((value) => [value])),
    { kernel: kernel(L), ...settings },
    { iterations: T, ridge: reg },
  );
  expect(iterates).toHaveLength(expected.length);
  for (const [t, { m, solution, expansion }] of iterates.entries()) {
    const { M, alpha, test_pred: predictions, train_mse: error } = expected[t]!;
    expectWithin(m.data, M, tol);
    expectWithin(solution.coefficients.data, [alpha], tol);
    const values = await evaluate(engine, expansion, points(asMatrix(Xtest)));
    expectWithin(values.data, [predictions], tol);
    if (error === undefined) continue;
    const fitted = await evaluate(engine, expansion, points(asMatrix(X)));
    const squares = y.map((value, i) => (fitted.data[i]! - value) ** 2);
    // The errors are smaller than the tolerance of the vectors: they are held to a relative one.
    expect(squares.reduce((sum, square) => sum + square) / y.length / error).toBeCloseTo(1, 4);
  }
}

const laplace = (bandwidth: number): Kernel => ({ family: "laplace", bandwidth, exponent: 1 });
const gaussian = (bandwidth: number): Kernel => ({ family: "gaussian", bandwidth });

describe("T iterations are T metric updates and T + 1 solves", () => {
  test.each<[string, Partial<IterationSettings>]>([
    ["FL-V3-max", { normalization: "maximum" }],
    ["FL-V3-trace", { normalization: "trace" }],
    ["FL-V3-none", { normalization: "none" }],
    ["FL-V3-max+centred", { normalization: "maximum", centered: true }],
    ["FL-V3-max+diag", { normalization: "maximum", form: "diagonal" }],
    ["FL-V3-max+power0.5", { normalization: "maximum", power: 0.25 }],
  ])("on the Laplace kernel, %s", (id, settings) => expectIterates(id, laplace, settings));

  test("on the Gaussian kernel (FL-V4)", () => expectIterates("FL-V4", gaussian, {}));
});

test("Laplace-type kernels of other norms have the gradients of their formula (FL-V5)", async () => {
  type Inputs = { x: readonly number[]; z: readonly number[]; L: number };
  type Expected = readonly { p: number; q: number; K: number; grad: readonly number[] }[];
  const { inputs, expected, tol } = vector<Inputs, Expected>("FL-V5");
  for (const { p, q, K, grad } of expected) {
    const machine = await transformed(engine, {
      kernel: { family: "lpq", p, exponent: q, bandwidth: inputs.L },
      metric: { form: "diagonal", scale: new Float64Array(3).fill(1), blocks: [] },
      centers: points(asMatrix([inputs.z])),
      coefficients: asMatrix([[1]]),
    });
    const x = points(asMatrix([inputs.x]));
    expectWithin((await evaluate(engine, machine, x)).data, [[K]], tol);
    expectWithin((await gradients(engine, machine, x)).data, [grad], tol);
  }
});

const n = 60;
const d = 5;
const x = normals(n, d, 1);
const y = filled(n, 1, (i) => x.data[i * d]! * x.data[i * d + 1]!);

describe("the scale of the metric", () => {
  const powers = [0.25, 0.5];
  const last = async (settings: Partial<IterationSettings>): Promise<Float64Array> =>
    (await run(x, y, { kernel: laplace(5), ...settings })).at(-1)!.m.data;
  const diagonalOf = (m: Float64Array): Float64Array => m.filter((_, at) => at % (d + 1) === 0);

  test.each(["full", "diagonal"] as const)("is what was asked for (%s)", async (form) => {
    for (const power of powers) {
      const largest = await last({ form, power, normalization: "maximum" });
      expect(Math.max(...largest)).toBeCloseTo(1, 12);
      const trace = await last({ form, power, normalization: "trace" });
      expect(diagonalOf(trace).reduce((sum, value) => sum + value, 0)).toBeCloseTo(d, 12);
    }
  });

  test("before the power and after it are the same at power ½", async () => {
    expectClose(
      await last({ normalization: "agop-maximum" }),
      await last({ normalization: "maximum" }),
      1e-12,
    );
  });

  test("not taken at all, is that of the AGOP", async () => {
    const [first, second] = await run(x, y, { kernel: laplace(5), normalization: "none" }, { iterations: 1 });
    const { values } = await averageGradientOuterProduct(engine, first!.expansion);
    expectClose(second!.m.data, "data" in values ? values.data : values, 1e-12);
  });
});

describe("the quadratic kernel", () => {
  const quadratic: Kernel = { family: "polynomial", bandwidth: 2, degree: 2, constant: 0.5 };
  const k = (a: number, b: number, rows: Matrix, others: Matrix, m?: Matrix): number => {
    let sum = 0;
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++)
        sum += rows.data[a * d + i]! * (m ? m.data[i * d + j]! : i === j ? 1 : 0) * others.data[b * d + j]!;
    return (sum / 4 + 0.5) ** 2;
  };

  test("solves and predicts with (xᵀMz/L² + c)²", async () => {
    const unseen = normals(7, d, 2);
    for (const { m, solution, expansion } of await run(x, y, { kernel: quadratic }, { iterations: 1 })) {
      const shifted = filled(n, n, (i, j) => k(i, j, x, x, m) + (i === j ? 1e-3 : 0));
      const alpha = eliminate(shifted, y);
      const values = product(
        filled(7, n, (i, j) => k(i, j, unseen, x, m)),
        alpha,
      );
      expectClose((await evaluate(engine, expansion, points(unseen))).data, values.data, 1e-8);
      // The coefficients are as large as 1/λ, the system is as ill conditioned.
      expectClose(solution.coefficients.data, alpha.data, 1e-8);
    }
  });

  test("fits y = x₀x₁ without error: its gradients are (x₁, x₀)", async () => {
    const kernel = { ...quadratic, constant: 0 };
    const [first] = await run(x, y, { kernel }, { iterations: 0, ridge: 1e-8 });
    const { values } = await averageGradientOuterProduct(engine, first!.expansion);
    const average = (i: number, j: number): number =>
      x.data.reduce((sum, _, at) => (at % d === 0 ? sum + x.data[at + i]! * x.data[at + j]! : sum), 0) / n;
    const expected = filled(d, d, (i, j) => (i < 2 && j < 2 ? average(1 - i, 1 - j) : 0));
    expectClose("data" in values ? values.data : values, expected.data, 1e-6);
  });

  test("has the gradients of its differences, for any degree and several outputs", async () => {
    const a = normals(n, 2, 3);
    const oblique = Array.from({ length: d }, (_, i) =>
      Array.from({ length: d }, (_, j) => (i === j ? 1 + i : 0.3)),
    );
    const step = 1e-5;
    for (const degree of [1, 2, 3]) {
      const machine = await transformed(engine, {
        kernel: { ...quadratic, degree },
        metric: await rootOf(oblique),
        centers: points(x),
        coefficients: a,
      });
      const at = normals(3, d, 4);
      const moved = async (coordinate: number, by: number): Promise<Matrix<Float64Array>> =>
        evaluate(
          engine,
          machine,
          points(filled(3, d, (i, j) => at.data[i * d + j]! + (j === coordinate ? by : 0))),
        );
      const found = await gradients(engine, machine, points(at));
      for (let coordinate = 0; coordinate < d; coordinate++) {
        const [up, down] = [await moved(coordinate, step), await moved(coordinate, -step)];
        for (let i = 0; i < 3; i++)
          for (let l = 0; l < 2; l++) {
            const slope = (up.data[i * 2 + l]! - down.data[i * 2 + l]!) / (2 * step);
            expect(Math.abs(found.data[i * 2 * d + l * d + coordinate]! - slope)).toBeLessThan(
              1e-6 * (1 + Math.abs(slope)),
            );
          }
      }
    }
  });
});

test("the loop learns with tangent kernels of networks", async () => {
  const kernel: Kernel = {
    family: "network",
    output: "ntk",
    network: fullyConnected(1, "relu"),
    bandwidth: 1,
  };
  const iterates = await run(x, y, { kernel }, { iterations: 2 });
  const m = iterates.at(-1)!.m.data;
  const diagonal = Array.from({ length: d }, (_, k) => m[k * (d + 1)]!);
  expect(Math.min(...diagonal.slice(0, 2))).toBeGreaterThan(5 * Math.max(...diagonal.slice(2)));
});

test("ends early when there is nothing to learn from", async () => {
  expect(
    await run(
      x,
      filled(n, 1, () => 0),
      { kernel: laplace(5) },
    ),
  ).toHaveLength(1);
});

describe("a schedule", () => {
  const x = normals(240, 4, 1);
  const y = filled(240, 1, (i) => x.data[4 * i]! * x.data[4 * i + 1]!);
  const unseen = normals(50, 4, 2);
  const truth = filled(50, 1, (i) => unseen.data[4 * i]! * unseen.data[4 * i + 1]!);
  const settings = { kernel: { family: "laplace", bandwidth: 5, exponent: 1 } } as const;
  const judge = {
    x: points(unseen),
    loss: (values: Matrix<Float64Array>) => {
      let sum = 0;
      values.data.forEach((value, i) => (sum += (value - truth.data[i]!) ** 2 / 50));
      return sum;
    },
  };
  const all = async (options: Partial<IterationOptions>): Promise<Iterate[]> => {
    const found: Iterate[] = [];
    const given = { iterations: 2, ridges: [1e-2, 1], ...options };
    for await (const iterate of recursiveFeatureIterations(engine, { x: points(x), y }, settings, given))
      found.push(iterate);
    return found;
  };

  test("learns on nested samples and solves once for all rows, under the metric and with the ridge of the least loss", async () => {
    const iterates = await all({ schedule: [60, 120], judge });
    expect(iterates.map(({ rows }) => rows?.length)).toEqual([60, 120, 120, undefined]);
    expect([...iterates[0]!.rows!].every((row) => iterates[1]!.rows!.includes(row))).toBe(true);
    const sampled = iterates.slice(0, 3);
    const best = sampled.reduce((a, b) => (b.loss! < a.loss! ? b : a));
    const last = iterates[3]!;
    expect(last).toMatchObject({ iteration: best.iteration, solution: { ridge: best.solution.ridge } });
    expect(last.round.metric).toEqual(best.round.metric);
    expect(last.expansion.centers.coordinates.rows).toBe(240);
    expect(last.loss).toBeLessThan(best.loss!);
    expect((await chooseIterate(toAsync(iterates)))!.iteration).toBe(best.iteration);
  });

  test("without a judge updates as often as asked, and does nothing when its sizes reach all rows", async () => {
    const sampled = await all({ schedule: [80] });
    expect(sampled.map(({ iteration, rows }) => [iteration, rows?.length])).toEqual([
      [0, 80],
      [1, 80],
      [2, undefined],
    ]);
    const whole = await all({ schedule: [240], judge });
    const plain = await all({ judge });
    expect(whole.map(({ loss }) => loss)).toEqual(plain.map(({ loss }) => loss));
  });

  test("keeps judged rows out of its samples and takes them back at the end", async () => {
    const judgedRows = Int32Array.from({ length: 60 }, (_, i) => 4 * i);
    const iterates = await all({ judgedRows, judge });
    expect(iterates.slice(0, -1).every(({ rows }) => rows!.every((row) => row % 4 !== 0))).toBe(true);
    expect(iterates.at(-1)!.rows).toBeUndefined();
    expect(iterates.at(-1)!.loss).toBe(Math.min(...iterates.slice(0, -1).map(({ loss }) => loss!)));
  });

  test("begins with the metric it is given", async () => {
    const [, , last] = await all({});
    const [first] = await all({ start: last!.round.metric, iterations: 0 });
    expect(first!.solution.coefficients).toEqual(last!.solution.coefficients);
  });
});

async function* toAsync<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}
