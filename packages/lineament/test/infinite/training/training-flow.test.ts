import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convergedTraining, trainingFlow, type TrainingSpan } from "../../../src/infinite/training/index.ts";
import { convert, type Engine, type Matrix, rungeKutta, zeros } from "../../../src/linalg/index.ts";
import { openEngine } from "../../../src/linalg/open-engine.ts";
import { eliminate, expectClose, filled, largestDifference, product } from "../../contracts/data.ts";
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
