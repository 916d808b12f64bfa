import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  convergedTraining,
  posterior,
  trainingFlow,
  type TrainingSpan,
} from "../../../src/infinite/training/index.ts";
import {
  convert,
  type Engine,
  type Matrix,
  rowRange,
  rungeKutta,
  transpose,
  zeros,
} from "../../../src/linalg/index.ts";
import { openEngine } from "../../../src/linalg/open-engine.ts";
import { eliminate, expectClose, filled, largestDifference, normals, product } from "../../contracts/data.ts";
import { identity, problem, references, rows, sum } from "./problems.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

function expectWithin(
  actual: Matrix | undefined,
  expected: readonly (readonly number[] | number)[],
  tolerance: number,
): void {
  expect(largestDifference(actual!.data, rows(expected).data)).toBeLessThanOrEqual(tolerance);
}

describe.each(references)(
  "the reference $id",
  ({ ntk, nngp, targets, initial, expected, ntkEigenvalues, tolerance }) => {
    const { abs } = tolerance;

    test("eigenvalues of the tangent kernel", async () => {
      const { eigenvalues, largestEigenvalue } = await trainingFlow(engine, { ntk, targets });
      expect(largestDifference(eigenvalues, ntkEigenvalues)).toBeLessThan(1e-10);
      expect(largestEigenvalue).toBe(eigenvalues.at(-1));
    });

    test.each(expected.flows)("gradient flow to t = $t", async (at) => {
      const time = at.t === "inf" ? Infinity : Number(at.t);
      const flow = await trainingFlow(engine, { ntk, nngp, targets });
      const mean = await flow.outputs({ time });
      expectWithin(mean.train, at.ntk.meanTrain, abs);
      expectWithin(mean.test, at.ntk.meanTest, abs);
      expectWithin((await flow.covariance({ time }, "train")).covariance, at.ntk.covTrain, abs);
      expectWithin((await flow.covariance({ time })).covariance, at.ntk.covTest, abs);
      expectWithin((await flow.covariance({ time }, "test-train")).covariance, at.ntk.covTestTrain, abs);

      const network = await flow.outputs({ time }, initial);
      expectWithin(network.train, at.singleNetwork.train, abs);
      expectWithin(network.test, at.singleNetwork.test, abs);

      const ridged = await flow.outputs({ time, ridge: at.ridgeFlow.lambda });
      expectWithin(ridged.train, at.ridgeFlow.train, abs);
      expectWithin(ridged.test, at.ridgeFlow.test, abs);

      const readout = await trainingFlow(engine, { nngp, targets });
      const readoutMean = await readout.outputs({ time });
      expectWithin(readoutMean.train, at.nngp.meanTrain, abs);
      expectWithin(readoutMean.test, at.nngp.meanTest, abs);
      expectWithin((await readout.covariance({ time }, "train")).covariance, at.nngp.covTrain, abs);
      expectWithin((await readout.covariance({ time })).covariance, at.nngp.covTest, abs);
    });

    test.each(expected.gradientDescent)(
      "gradient descent, $steps steps",
      async ({ steps, eta, train, test }) => {
        const flow = await trainingFlow(engine, { ntk, targets });
        const outputs = await flow.outputs({ steps, learningRate: eta }, initial);
        expectWithin(outputs.train, train, abs);
        expectWithin(outputs.test, test, abs);
      },
    );

    test.each(expected.heavyBall)(
      "heavy ball, $steps steps",
      async ({ steps, eta, momentum, train, test }) => {
        const flow = await trainingFlow(engine, { ntk, targets });
        const outputs = await flow.outputs(
          { steps, learningRate: eta, method: "heavy-ball", momentum },
          initial,
        );
        expectWithin(outputs.train, train, abs);
        expectWithin(outputs.test, test, abs);
      },
    );
  },
);

test("the linearized dynamics of a three-point kernel (linearized-networks, vector LZ-V18)", async () => {
  const k = rows([
    [2, 0.5, 0.1],
    [0.5, 1.5, -0.3],
    [0.1, -0.3, 1],
  ]);
  const initial = { train: rows([0.2, 0, -0.1]), test: rows([0.05]) };
  const flow = await trainingFlow(engine, {
    ntk: { trainTrain: k, testTrain: rows([[0.4, -0.2, 0.3]]) },
    targets: rows([1, -1, 0.5]),
  });
  const flows = [
    [0.1, [0.30757113256470603, -0.12015527072328447, -0.009054318100894965], 0.11516810349690242],
    [1, [0.8017207744171648, -0.7195895064428299, 0.3998097674863458], 0.42030428144173443],
    [5, [0.997916489655312, -0.9963362808230128, 0.5037721414764011], 0.534530733422005],
  ] as const;
  for (const [time, train, test] of flows) {
    const outputs = await flow.outputs({ time }, initial);
    expectWithin(outputs.train, train, 1e-13);
    expectWithin(outputs.test, [test], 1e-13);
  }
  const descents = [
    [1, [0.664, -0.512, 0.292]],
    [10, [0.9980281241219892, -0.9963653095922074, 0.5050815534366719]],
    [50, [0.9999999992853915, -0.999999998657672, 0.5000000020707508]],
  ] as const;
  for (const [steps, train] of descents)
    expectWithin((await flow.outputs({ steps, learningRate: 0.4 }, initial)).train, train, 1e-13);
});

/** α after k steps by the plain recursions, in vectors. */
function iterate(
  theta: Matrix,
  wanted: Matrix,
  {
    steps,
    learningRate,
    ridge = 0,
    momentum = 0,
    nesterov = false,
  }: {
    steps: number;
    learningRate: number;
    ridge?: number;
    momentum?: number;
    nesterov?: boolean;
  },
): Matrix<Float64Array> {
  const shifted = sum(1, theta, ridge, identity(theta.rows));
  let alpha: Matrix = zeros(wanted.rows, wanted.cols);
  let earlier = alpha;
  for (let k = 0; k < steps; k++) {
    const ahead = sum(1 + momentum, alpha, -momentum, earlier);
    const gradient = sum(1, wanted, -1, product(shifted, nesterov ? ahead : alpha));
    [alpha, earlier] = [sum(1, ahead, learningRate, gradient), alpha];
  }
  return alpha as Matrix<Float64Array>;
}

describe("training in closed form", () => {
  const { ntk, nngp, targets, initial } = problem(12, 5, 2, 10);

  test("t = 0 and no steps give the prior", async () => {
    const flow = await trainingFlow(engine, { ntk, nngp, targets });
    const spans: TrainingSpan[] = [
      { time: 0 },
      { steps: 0, learningRate: 0.1 },
      { steps: 0, learningRate: 0.1, method: "nesterov", momentum: 0.9, ridge: 1 },
    ];
    for (const span of spans) {
      expectClose((await flow.outputs(span)).train.data, zeros(12, 2).data, 1e-14);
      const network = await flow.outputs(span, initial);
      expectClose(network.train.data, initial.train.data, 1e-14);
      expect(network.test!.data).toEqual(initial.test.data);
      expectClose((await flow.covariance(span, "train")).covariance.data, nngp.trainTrain.data, 1e-13);
      expectClose((await flow.covariance(span)).covariance.data, nngp.testTest.data, 1e-14);
      expectClose((await flow.covariance(span, "test-train")).covariance.data, nngp.testTrain.data, 1e-13);
    }
  });

  test("t → ∞ interpolates the training points and meets the Cholesky answer", async () => {
    const flow = await trainingFlow(engine, { ntk, nngp, targets });
    const direct = await convergedTraining(engine, { ntk, nngp, targets, initial });
    for (const time of [1e6, Infinity]) {
      const { train, test, coefficients } = await flow.outputs({ time }, initial);
      expectClose(train.data, targets.data, 1e-13);
      expectClose(test!.data, direct.test!.data, 1e-10);
      expectClose(coefficients.data, direct.coefficients.data, 1e-10);
      expectClose((await flow.covariance({ time })).covariance.data, direct.covariance!.data, 1e-10);
      expectClose((await flow.covariance({ time }, "train")).covariance.data, zeros(12, 12).data, 1e-13);
    }
  });

  test("with a ridge t → ∞ is kernel ridge regression, which does not interpolate", async () => {
    const flow = await trainingFlow(engine, { ntk, nngp, targets });
    const ridge = 0.3;
    const shifted = sum(1, ntk.trainTrain, ridge, identity(12));
    const alpha = eliminate(shifted, sum(1, targets, -1, initial.train));
    for (const time of [1e6, Infinity]) {
      const { train, test, coefficients } = await flow.outputs({ time, ridge }, initial);
      expectClose(coefficients.data, alpha.data, 1e-11);
      expectClose(train.data, sum(1, initial.train, 1, product(ntk.trainTrain, alpha)).data, 1e-11);
      expectClose(test!.data, sum(1, initial.test, 1, product(ntk.testTrain, alpha)).data, 1e-11);
      expect(largestDifference(train.data, targets.data)).toBeGreaterThan(0.05);
    }
  });

  test("f = f_0 + Θ α at every time: outputs and coefficients agree", async () => {
    const flow = await trainingFlow(engine, { ntk, targets });
    const spans: TrainingSpan[] = [
      { time: 0.3 },
      { time: 20, ridge: 0.1 },
      { steps: 30, learningRate: 0.2 },
      { steps: 30, learningRate: 0.2, method: "heavy-ball", momentum: 0.7, ridge: 0.2 },
    ];
    for (const span of spans) {
      const { train, test, coefficients } = await flow.outputs(span, initial);
      expectClose(train.data, sum(1, initial.train, 1, product(ntk.trainTrain, coefficients)).data, 1e-12);
      expectClose(test!.data, sum(1, initial.test, 1, product(ntk.testTrain, coefficients)).data, 1e-12);
    }
  });

  test("solves the differential equation of gradient flow, with and without a ridge", async () => {
    const flow = await trainingFlow(engine, { ntk, targets });
    for (const ridge of [0, 0.4]) {
      const derivative = (_: number, state: Float64Array): Float64Array => {
        const alpha = { data: state, rows: 12, cols: 2 };
        const f = sum(1, initial.train, 1, product(ntk.trainTrain, alpha));
        return sum(1, sum(1, targets, -1, f), -ridge, alpha).data;
      };
      const { y } = await rungeKutta(derivative, new Float64Array(24), 0, 2, { tolerance: 1e-12 });
      expectClose((await flow.outputs({ time: 2, ridge }, initial)).coefficients.data, y, 1e-9);
    }
  });

  test("is a semigroup: training on from where training stopped is training", async () => {
    const flow = await trainingFlow(engine, { ntk, targets });
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 30, noNaN: true }),
        fc.double({ min: 0, max: 30, noNaN: true }),
        async (first, second) => {
          const halfway = await flow.outputs({ time: first }, initial);
          const { train, test } = await flow.outputs({ time: second }, halfway);
          const whole = await flow.outputs({ time: first + second }, initial);
          expectClose(train.data, whole.train.data, 1e-12);
          expectClose(test!.data, whole.test!.data, 1e-11);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("acts on the columns of the targets one by one", async () => {
    const { train, test } = await (
      await trainingFlow(engine, { ntk, targets })
    ).outputs({ time: 1.5 }, initial);
    for (let l = 0; l < 2; l++) {
      const column = (a: Matrix): Matrix<Float64Array> => filled(a.rows, 1, (i) => a.data[i * 2 + l]!);
      const alone = await trainingFlow(engine, { ntk, targets: column(targets) });
      const outputs = await alone.outputs(
        { time: 1.5 },
        { train: column(initial.train), test: column(initial.test) },
      );
      expectClose(outputs.train.data, column(train).data, 1e-14);
      expectClose(outputs.test!.data, column(test!).data, 1e-14);
    }
  });

  test("gradient descent follows the flow as its steps shrink, to first order", async () => {
    const flow = await trainingFlow(engine, { ntk, nngp, targets });
    const exact = (await flow.outputs({ time: 1 }, initial)).test!.data;
    const gap = async (steps: number): Promise<number> =>
      largestDifference((await flow.outputs({ steps, learningRate: 1 / steps }, initial)).test!.data, exact);
    expect((await gap(1000)) / (await gap(10_000))).toBeCloseTo(10, 0);
    expect(await gap(10_000_000)).toBeLessThan(1e-6);
    const covariance = await flow.covariance({ steps: 1e7, learningRate: 1e-7 });
    expectClose(covariance.covariance.data, (await flow.covariance({ time: 1 })).covariance.data, 1e-6);
  });

  test("descent is what its recursion says, step by step", async () => {
    const flow = await trainingFlow(engine, { ntk, targets });
    const wanted = sum(1, targets, -1, initial.train);
    const largest = flow.largestEigenvalue;
    for (const steps of [1, 2, 3, 10, 57, 300])
      for (const ridge of [0, 0.2])
        for (const scale of [0.01, 0.5, 0.95]) {
          const span = { steps, ridge, learningRate: scale / (largest + ridge) };
          expectClose(
            (await flow.outputs(span, initial)).coefficients.data,
            iterate(ntk.trainTrain, wanted, span).data,
            1e-10,
          );
          for (const momentum of [0.5, 0.9, 0.99])
            for (const method of ["heavy-ball", "nesterov"] as const) {
              const { coefficients } = await flow.outputs({ ...span, method, momentum }, initial);
              const plain = iterate(ntk.trainTrain, wanted, {
                ...span,
                momentum,
                nesterov: method === "nesterov",
              });
              expectClose(coefficients.data, plain.data, 1e-10);
            }
        }
    // Near the limit the largest mode flips its sign every step.
    const fast = { steps: 41, learningRate: 1.9 / largest };
    expectClose(
      (await flow.outputs(fast, initial)).coefficients.data,
      iterate(ntk.trainTrain, wanted, fast).data,
      1e-10,
    );
  });

  test("a hundred thousand steps are as exact as a hundred, for modes of any size", async () => {
    const steps = 100_000;
    for (const momentum of [0, 0.9, 0.999])
      for (const nesterov of [false, true])
        for (const size of [1e-12, 1e-6, 1e-4, 1e-2, 0.5, 1.3]) {
          // The recursion of one mode with learning rate 1: the kernel is a number.
          let [alpha, earlier] = [0, 0];
          for (let k = 0; k < steps; k++) {
            const ahead = alpha + momentum * (alpha - earlier);
            [alpha, earlier] = [ahead + 1 - size * (nesterov ? ahead : alpha), alpha];
          }
          const flow = await trainingFlow(engine, {
            ntk: { trainTrain: rows([[size]]) },
            targets: rows([1]),
          });
          const method =
            momentum === 0 ? {} : ({ method: nesterov ? "nesterov" : "heavy-ball", momentum } as const);
          const { coefficients, train } = await flow.outputs({ steps, learningRate: 1, ...method });
          expect(Math.abs(coefficients.data[0]! / alpha - 1)).toBeLessThan(1e-10);
          expect(train.data[0]).toBeCloseTo(size * alpha, 10);
        }
  });

  test("covariances are those of many networks trained from Gaussian initial outputs", async () => {
    // f_0 = √joint · normal; the sample covariance of trained outputs has standard errors of about C / √samples.
    const [n, m, samples] = [4, 2, 4000];
    const small = problem(n, m, 1, 77);
    const joint = filled(n + m, n + m, (i, j) => {
      const { trainTrain, testTrain, testTest } = small.nngp;
      if (i < n && j < n) return trainTrain.data[i * n + j]!;
      if (i >= n && j >= n) return testTest.data[(i - n) * m + j - n]!;
      return i < n ? testTrain.data[(j - n) * n + i]! : testTrain.data[(i - n) * n + j]!;
    });
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
      expect(largestDifference(covariance.data, parts[part].data)).toBeLessThan(
        5 * 2 * Math.sqrt(2 / samples),
      );
    }
  });

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
          const train = (await flow.covariance(span, "train")).covariance;
          const test = (await flow.covariance(span, "test")).covariance;
          const cross = (await flow.covariance(span, "test-train")).covariance;
          const joint = filled(n + m, n + m, (i, j) => {
            if (i < n && j < n) return train.data[i * n + j]!;
            if (i >= n && j >= n) return test.data[(i - n) * m + j - n]!;
            return i < n ? cross.data[(j - n) * n + i]! : cross.data[(i - n) * n + j]!;
          });
          const { values } = await engine.eigenSymmetric(joint);
          // Near-singular Θ magnify rounding in B; the scale is that of B K Bᵀ.
          const scale = Math.max(1, values.at(-1)!, (await gainScale(random, span)) ** 2);
          expect(values[0]!).toBeGreaterThan(-1e-9 * scale);
          for (let i = 0; i < m; i++) {
            expect(test.data[i * m + i]).toBeGreaterThanOrEqual(0);
            for (let j = 0; j < i; j++) expect(test.data[i * m + j]).toBe(test.data[j * m + i]);
          }
        },
      ),
      { numRuns: 100 },
    );
    async function gainScale(random: ReturnType<typeof problem>, span: TrainingSpan): Promise<number> {
      const n = random.targets.rows;
      const { test } = await (
        await trainingFlow(engine, { ntk: random.ntk, targets: identity(n) })
      ).outputs(span);
      return test!.data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    }
  });

  test("variances fall with time where only the readout is trained", async () => {
    const flow = await trainingFlow(engine, { nngp, targets });
    let earlier: Float64Array = new Float64Array(5).fill(Infinity);
    for (const time of [0, 0.01, 0.1, 1, 10, 100, Infinity]) {
      const { covariance } = await flow.covariance({ time });
      const variances = Float64Array.from({ length: 5 }, (_, i) => covariance.data[i * 6]!);
      variances.forEach((value, i) => expect(value).toBeLessThanOrEqual(earlier[i]! + 1e-12));
      earlier = variances;
    }
  });

  test("reads float32 blocks, and leaves its input alone", async () => {
    const before = JSON.stringify({ ntk, nngp, targets, initial });
    const single = {
      trainTrain: convert(ntk.trainTrain, "float32"),
      testTrain: convert(ntk.testTrain, "float32"),
    };
    const rounded = await (
      await trainingFlow(engine, { ntk: single, targets })
    ).outputs({ time: 2 }, initial);
    const flow = await trainingFlow(engine, { ntk, nngp, targets });
    await flow.covariance({ time: 2 });
    expectClose(rounded.test!.data, (await flow.outputs({ time: 2 }, initial)).test!.data, 1e-4);
    expect(JSON.stringify({ ntk, nngp, targets, initial })).toBe(before);
  });

  test("says what it needs to know about units and conditioning", async () => {
    const flow = await trainingFlow(engine, { ntk, nngp, targets });
    const { report } = await flow.outputs({ time: 1, ridge: { relative: 0.5 } });
    let trace = 0;
    for (let i = 0; i < 12; i++) trace += ntk.trainTrain.data[i * 13]!;
    const ridge = (0.5 * trace) / 12;
    const [smallest, largest] = [flow.eigenvalues[0]!, flow.largestEigenvalue];
    expect(report.conditionNumber).toBeCloseTo((largest + ridge) / (smallest + ridge), 10);
    expect(report).toMatchObject({ clippedEigenvalues: 0, jitter: 0 });
    expect(report.timeUnit).toContain("½ Σ");
    expect((await flow.covariance({ time: 1 })).report.conditionNumber).toBeCloseTo(largest / smallest, 6);
  });
});

describe("singular kernels", () => {
  test("duplicated points end at the mean of their targets, at t = ∞ and long before", async () => {
    const distinct = problem(5, 3, 1, 30);
    const of = [0, 1, 2, 3, 4, 0, 0];
    const ntk = {
      trainTrain: filled(7, 7, (i, j) => distinct.ntk.trainTrain.data[of[i]! * 5 + of[j]!]!),
      testTrain: filled(3, 7, (i, j) => distinct.ntk.testTrain.data[i * 5 + of[j]!]!),
    };
    const targets = rows([1, 0.5, -1, 2, 0, 4, 7]);
    const merged = await convergedTraining(engine, { ntk: distinct.ntk, targets: rows([4, 0.5, -1, 2, 0]) });
    const flow = await trainingFlow(engine, { ntk, targets });
    for (const time of [1e5, 1e9, Infinity]) {
      const { train, test, report } = await flow.outputs({ time });
      expectClose(train.data, [4, 0.5, -1, 2, 0, 4, 4], 1e-5);
      expectClose(test!.data, merged.test!.data, 1e-5);
      expect(report.conditionNumber).toBeGreaterThan(1e14);
    }
  });

  test("modes of eigenvalue 0 do not train: φ_t(0) = t, and 0 at t = ∞", async () => {
    const ntk = {
      trainTrain: rows([
        [2, 0],
        [0, 0],
      ]),
      testTrain: rows([[1, 0.5]]),
    };
    const flow = await trainingFlow(engine, { ntk, targets: rows([1, 1]) });
    const at = await flow.outputs({ time: 3 });
    expectClose(at.coefficients.data, [(1 - Math.exp(-6)) / 2, 3], 1e-15);
    expectClose(at.train.data, [1 - Math.exp(-6), 0], 1e-15);
    const end = await flow.outputs({ time: Infinity });
    expectClose(end.coefficients.data, [0.5, 0], 1e-15);
    expectClose(end.train.data, [1, 0], 1e-15);
    expect(end.report.conditionNumber).toBe(Infinity);
    const steps = await flow.outputs({ steps: 4, learningRate: 0.1 });
    expect(steps.coefficients.data[1]).toBeCloseTo(0.4, 15);
  });

  test("the zero kernel leaves everything as it was", async () => {
    const zero = { trainTrain: zeros(3, 3), testTrain: zeros(2, 3), testTest: zeros(2, 2) };
    const prior = { trainTrain: identity(3), testTrain: zeros(2, 3), testTest: identity(2) };
    const initial = { train: rows([1, 2, 3]), test: rows([4, 5]) };
    const flow = await trainingFlow(engine, { ntk: zero, nngp: prior, targets: rows([0, 0, 1]) });
    const spans: TrainingSpan[] = [
      { time: 7 },
      { time: Infinity },
      { time: Infinity, ridge: 0.1 },
      { time: 2, ridge: { relative: 1 } },
      { steps: 9, learningRate: 1e9 },
      { steps: 9, learningRate: 3, method: "nesterov", momentum: 0.5 },
    ];
    for (const span of spans) {
      const { train, test } = await flow.outputs(span, initial);
      expectClose(train.data, [1, 2, 3], 1e-15);
      expect([...test!.data]).toEqual([4, 5]);
      expectClose((await flow.covariance(span, "train")).covariance.data, identity(3).data, 1e-15);
      expect((await flow.covariance(span)).covariance.data).toEqual(identity(2).data);
    }
  });

  test("eigenvalues that rounding made negative are clipped and counted", async () => {
    const ntk = {
      trainTrain: rows([
        [1, 1 + 1e-9],
        [1 + 1e-9, 1],
      ]),
    };
    const flow = await trainingFlow(engine, { ntk, targets: rows([1, 1]) });
    expect(flow.eigenvalues[0]).toBe(0);
    const { train, report } = await flow.outputs({ time: 1e12 });
    expect(report).toMatchObject({ clippedEigenvalues: 1, conditionNumber: Infinity });
    expectClose(train.data, [1, 1], 1e-9);
  });

  test("variances that rounding made negative are set to 0 and counted", async () => {
    // A test point that is a training point has nothing left to vary; K_** is a little too small.
    const nngp = { trainTrain: rows([[1]]), testTrain: rows([[1]]), testTest: rows([[1 - 1e-9]]) };
    const flow = await trainingFlow(engine, { nngp, targets: rows([1]) });
    const { covariance, clippedVariances } = await flow.covariance({ time: Infinity });
    expect({ variance: covariance.data[0], clippedVariances }).toEqual({ variance: 0, clippedVariances: 1 });
  });

  test("extreme scales and times stay finite", async () => {
    for (const scale of [1e-200, 1e-20, 1e20, 1e200]) {
      const { ntk, targets } = references[0]!;
      const scaled = {
        trainTrain: sum(scale, ntk.trainTrain, 0, ntk.trainTrain),
        testTrain: sum(scale, ntk.testTrain, 0, ntk.testTrain),
      };
      const flow = await trainingFlow(engine, { ntk: scaled, targets });
      const unit = await trainingFlow(engine, { ntk, targets });
      for (const time of [0.5, 1e-300, 1e100, Infinity]) {
        const { train, test } = await flow.outputs({ time });
        const expected = await unit.outputs({ time: time * scale });
        expectClose(train.data, expected.train.data, 1e-11);
        expectClose(test!.data, expected.test!.data, 1e-11);
      }
    }
  });
});

describe("wrong input is refused by name:", () => {
  const { ntk, nngp, targets, initial } = problem(4, 2, 1, 50);
  const refuse = (options: Parameters<typeof trainingFlow>[1], message: string) =>
    expect(trainingFlow(engine, options)).rejects.toThrow(message);

  test("blocks that do not fit", async () => {
    await refuse({ targets }, "neither ntk nor nngp");
    await refuse({ ntk: { trainTrain: zeros(0, 0) }, targets }, "ntk.trainTrain is empty");
    await refuse(
      { ntk: { trainTrain: zeros(4, 3) }, targets },
      "ntk.trainTrain is 4 × 3, expected a square matrix",
    );
    await refuse(
      { ntk: { ...ntk, testTrain: zeros(2, 5) }, targets },
      "ntk.testTrain is 2 × 5, expected 4 columns",
    );
    await refuse(
      { nngp: { ...nngp, testTest: zeros(3, 3) }, targets },
      "nngp.testTest is 3 × 3, but testTrain has 2 rows",
    );
    await refuse(
      { ntk: problem(5, 2, 1, 1).ntk, nngp, targets },
      "ntk.trainTrain has 5 rows, nngp.trainTrain has 4",
    );
    await refuse(
      { ntk: problem(4, 3, 1, 1).ntk, nngp, targets },
      "ntk.testTrain has 3 rows, nngp.testTrain has 2",
    );
    await refuse({ ntk, targets: zeros(3, 1) }, "targets is 3 × 1, expected 4 rows");
    await refuse({ ntk, targets: zeros(4, 0) }, "at least one column");
    await refuse(
      { ntk: { trainTrain: { ...zeros(4, 4), data: new Float64Array(3) } }, targets },
      "with 3 numbers",
    );
    await refuse({ ntk: {} as typeof ntk, targets }, "ntk.trainTrain is no matrix");
    await refuse(
      { ntk, targets: [1, 2] as unknown as Matrix },
      "targets is no matrix, expected { data, rows",
    );
  });

  test("and nothing is begun when the signal says stop", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    for (const train of [trainingFlow, convergedTraining])
      await expect(train(engine, { ntk, nngp, targets, signal })).rejects.toThrow("enough");
    await expect(posterior(engine, { kernel: ntk, targets, signal })).rejects.toThrow("enough");
  });

  test("numbers that are none", async () => {
    const broken = (a: Matrix, at: number, value: number): Matrix => {
      const data = a.data.slice();
      data[at] = value;
      return { ...a, data };
    };
    await refuse(
      { ntk: { ...ntk, trainTrain: broken(ntk.trainTrain, 6, NaN) }, targets },
      "ntk.trainTrain is NaN at row 1, column 2",
    );
    await refuse(
      { ntk: { ...ntk, testTrain: broken(ntk.testTrain, 5, Infinity) }, targets },
      "row 1, column 1",
    );
    await refuse(
      { nngp: { ...nngp, testTest: broken(nngp.testTest, 0, NaN) }, targets },
      "nngp.testTest is NaN",
    );
    await refuse({ ntk, targets: broken(targets, 2, NaN) }, "targets is NaN at row 2, column 0");
  });

  test("matrices that are no kernels", async () => {
    const asymmetric = rows([
      [1, 0.5],
      [0.4, 1],
    ]);
    const indefinite = rows([
      [1, 2],
      [2, 1],
    ]);
    const negative = rows([
      [-1, 0],
      [0, 1],
    ]);
    const two = rows([1, 2]);
    await refuse(
      { ntk: { trainTrain: asymmetric }, targets: two },
      "ntk.trainTrain is 0.4 at (1, 0) and 0.5 at (0, 1)",
    );
    await refuse({ ntk: { trainTrain: indefinite }, targets: two }, "the kernel has the eigenvalue -");
    await refuse({ ntk: { trainTrain: negative }, targets: two }, "ntk.trainTrain is -1 at (0, 0)");
  });

  test("initial outputs and spans that make no sense", async () => {
    const flow = await trainingFlow(engine, { ntk, targets });
    const fail = (span: TrainingSpan, message: string, from?: Parameters<typeof flow.outputs>[1]) =>
      expect(flow.outputs(span, from)).rejects.toThrow(message);
    await fail({ time: 1 }, "initial.train is 3 × 1, expected 4 × 1", { ...initial, train: zeros(3, 1) });
    await fail({ time: 1 }, "initial.test is needed, 2 × 1", { train: initial.train });
    await fail({ time: 1 }, "initial.test is NaN", { ...initial, test: rows([1, NaN]) });
    await fail({ time: -1 }, "time is -1");
    await fail({ time: NaN }, "time is NaN");
    await fail({ time: 1, ridge: -0.1 }, "ridge is -0.1");
    await fail({ time: 1, ridge: { relative: NaN } }, "ridge.relative is NaN");
    await fail({} as TrainingSpan, "the training has neither a time nor steps, expected { time } or");
    await fail(undefined as unknown as TrainingSpan, "neither a time nor steps");
    await fail({ time: 1, steps: 1, learningRate: 0.1 } as unknown as TrainingSpan, "both a time and steps");
    await fail({ steps: 1.5, learningRate: 0.1 }, "steps is 1.5");
    await fail({ steps: -1, learningRate: 0.1 }, "steps is -1");
    await fail({ steps: 1, learningRate: 0 }, "learningRate is 0");
    await fail({ steps: 1, learningRate: 0.1, method: "heavy-ball", momentum: 1 }, "momentum is 1");
    await fail(
      { steps: 1, learningRate: 0.1, method: "adam" as "nesterov", momentum: 0.9 },
      "method is adam",
    );
    await expect(flow.covariance({ time: 1 })).rejects.toThrow("nngp is missing");
    const both = await trainingFlow(engine, { ntk, nngp, targets });
    await expect(both.covariance({ time: 1 }, "all" as "test")).rejects.toThrow(
      'part is "all", expected "train"',
    );
    const alone = await trainingFlow(engine, { nngp: { trainTrain: nngp.trainTrain }, targets });
    await expect(alone.covariance({ time: 1 })).rejects.toThrow("testTrain is missing");
    expect((await alone.outputs({ time: 1 })).test).toBeUndefined();
    const means = await trainingFlow(engine, { nngp: { ...nngp, testTest: undefined }, targets });
    await expect(means.covariance({ time: 1 })).rejects.toThrow("nngp.testTest is missing");
  });

  test("learning rates at the stability limit and beyond, unless divergence is allowed", async () => {
    const flow = await trainingFlow(engine, { ntk, targets });
    const largest = flow.largestEigenvalue;
    type Descent = Extract<TrainingSpan, { readonly steps: number }>;
    const at = (learningRate: number, method?: "heavy-ball" | "nesterov"): Descent =>
      method === undefined
        ? { steps: 200, learningRate }
        : { steps: 200, learningRate, method, momentum: 0.9 };
    const limits = [
      [2 / largest, undefined],
      [3.8 / largest, "heavy-ball"],
      [3.8 / 2.8 / largest, "nesterov"],
    ] as const;
    for (const [limit, method] of limits) {
      await expect(flow.outputs(at(1.001 * limit, method))).rejects.toThrow("or set allowDivergence");
      const stable = await flow.outputs(at(0.98 * limit, method));
      const free = await flow.outputs({ ...at(1.05 * limit, method), allowDivergence: true });
      const size = (a: Matrix<Float64Array>): number =>
        a.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(size(free.train)).toBeGreaterThan(50 * size(stable.train));
    }
    await expect(flow.outputs(at(2.5 / largest))).rejects.toThrow(`expected one below ${2 / largest}`);
    // The ridge counts: it is part of the curvature.
    await expect(flow.outputs({ ...at(1.9 / largest), ridge: largest })).rejects.toThrow(RangeError);
    const far = { steps: 1e6, learningRate: 3 / largest, allowDivergence: true };
    await expect(flow.outputs(far)).rejects.toThrow("too large for float64");
  });
});
