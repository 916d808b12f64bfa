import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainingFlow, type TrainingSpan } from "../../../src/infinite/training/index.ts";
import { type Engine, type Matrix, rowRange, transpose, zeros } from "../../../src/linalg/index.ts";
import { openEngine } from "../../../src/linalg/open-engine.ts";
import { filled, largestDifference, normals, product } from "../../contracts/data.ts";
import { identity, problem, sum } from "./problems.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

type Blocks = ReturnType<typeof problem>["nngp"];

/** The covariance of training and test points together. */
function jointly({ trainTrain, testTrain, testTest }: Blocks): Blocks["trainTrain"] {
  const [n, m] = [trainTrain.rows, testTest.rows];
  return filled(n + m, n + m, (i, j) => {
    if (i < n && j < n) return trainTrain.data[i * n + j]!;
    if (i >= n && j >= n) return testTest.data[(i - n) * m + j - n]!;
    return i < n ? testTrain.data[(j - n) * n + i]! : testTrain.data[(i - n) * n + j]!;
  });
}

test("covariances are those of many networks trained from Gaussian initial outputs", async () => {
  // f_0 = √joint · normal; the sample covariance of trained outputs has standard errors of about C / √samples.
  const [n, m, samples] = [4, 2, 4000];
  const small = problem(n, m, 1, 77);
  const joint = jointly(small.nngp);
  await engine.cholesky(joint);
  const factor = filled(n + m, n + m, (i, j) => (j <= i ? joint.data[i * (n + m) + j]! : 0));
  const start = product(factor, normals(n + m, samples, 78));
  const flow = await trainingFlow(engine, { ...small, targets: zeros(n, samples) });
  const span: TrainingSpan = { time: 0.8, ridge: 0.1 };
  const { train, test } = await flow.outputs(span, {
    train: rowRange(start, 0, n),
    test: rowRange(start, n, n + m),
  });
  const moment = (a: Matrix, b: Matrix): Matrix =>
    sum(1 / samples, product(a, transpose(b)), 0, zeros(a.rows, b.rows));
  const parts = {
    train: moment(train, train),
    test: moment(test!, test!),
    "test-train": moment(test!, train),
  };
  for (const part of ["train", "test", "test-train"] as const) {
    const { covariance } = await flow.covariance(span, part);
    // Five standard errors, √(2 C_ii C_jj / samples) at most with variances below 2.
    expect(largestDifference(covariance.data, parts[part].data)).toBeLessThan(5 * 2 * Math.sqrt(2 / samples));
  }
});

/** The largest entry of B, the test outputs that targets of 1 have after the span. */
async function gainScale(random: ReturnType<typeof problem>, span: TrainingSpan): Promise<number> {
  const n = random.targets.rows;
  const { test } = await (
    await trainingFlow(engine, { ntk: random.ntk, targets: identity(n) })
  ).outputs(span);
  return test!.data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

test("covariances are positive semidefinite and symmetric, alone and jointly, at any time", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 13 }),
      fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.constant(Infinity)),
      fc.constantFrom(0, 0.1),
      fc.integer({ min: 0, max: 1e6 }),
      async (n, m, rank, time, ridge, seed) => {
        const random = problem(n, m, 1, seed, rank);
        const flow = await trainingFlow(engine, random);
        const span = { time, ridge };
        const trainTrain = (await flow.covariance(span, "train")).covariance;
        const testTest = (await flow.covariance(span, "test")).covariance;
        const testTrain = (await flow.covariance(span, "test-train")).covariance;
        const { values } = await engine.eigenSymmetric(jointly({ trainTrain, testTrain, testTest }));
        // Near-singular Θ magnify rounding in B; the scale is that of B K Bᵀ.
        const scale = Math.max(1, values.at(-1)!, (await gainScale(random, span)) ** 2);
        expect(values[0]!).toBeGreaterThan(-1e-9 * scale);
        for (let i = 0; i < m; i++) {
          expect(testTest.data[i * m + i]).toBeGreaterThanOrEqual(0);
          for (let j = 0; j < i; j++) expect(testTest.data[i * m + j]).toBe(testTest.data[j * m + i]);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test("variances fall with time where only the readout is trained", async () => {
  const { nngp, targets } = problem(12, 5, 2, 10);
  const flow = await trainingFlow(engine, { nngp, targets });
  let earlier: Float64Array = new Float64Array(5).fill(Infinity);
  for (const time of [0, 0.01, 0.1, 1, 10, 100, Infinity]) {
    const { covariance } = await flow.covariance({ time });
    const variances = Float64Array.from({ length: 5 }, (_, i) => covariance.data[i * 6]!);
    variances.forEach((value, i) => expect(value).toBeLessThanOrEqual(earlier[i]! + 1e-12));
    earlier = variances;
  }
});
