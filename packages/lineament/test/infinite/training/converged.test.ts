import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convergedTraining, posterior, trainingFlow } from "../../../src/infinite/training/index.ts";
import { convert, type Engine, transpose, zeros } from "../../../src/linalg/index.ts";
import { openEngine } from "../../../src/linalg/open-engine.ts";
import { eliminate, expectClose, filled, largestDifference, product } from "../../contracts/data.ts";
import { identity, problem, references, rows, sum } from "./problems.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

describe.each(references)(
  "the reference $id at t = ∞, by Cholesky",
  ({ ntk, nngp, targets, initial, expected, tolerance }) => {
    const end = expected.flows.find(({ t }) => t === "inf")!;
    const close = (actual: ArrayLike<number>, wanted: readonly (readonly number[] | number)[]): void =>
      expect(largestDifference(actual, rows(wanted).data)).toBeLessThanOrEqual(tolerance.abs);

    test("the ensemble and one network", async () => {
      const ensemble = await convergedTraining(engine, { ntk, nngp, targets });
      close(ensemble.train.data, end.ntk.meanTrain);
      close(ensemble.test!.data, end.ntk.meanTest);
      close(ensemble.covariance!.data, end.ntk.covTest);
      const network = await convergedTraining(engine, { ntk, targets, initial });
      close(network.train.data, end.singleNetwork.train);
      close(network.test!.data, end.singleNetwork.test);
      const ridged = await convergedTraining(engine, { ntk, targets, ridge: end.ridgeFlow.lambda });
      close(ridged.train.data, end.ridgeFlow.train);
      close(ridged.test!.data, end.ridgeFlow.test);
    });

    test("the readout alone, which is the posterior without noise", async () => {
      for (const outputs of [
        await convergedTraining(engine, { nngp, targets }),
        await posterior(engine, { kernel: nngp, targets }),
      ]) {
        close(outputs.train.data, end.nngp.meanTrain);
        close(outputs.test!.data, end.nngp.meanTest);
        close(outputs.covariance!.data, end.nngp.covTest);
      }
    });
  },
);

describe("the posterior", () => {
  const { ntk, nngp, targets } = problem(9, 4, 3, 60);

  test("is K_*d (K + λ)⁻¹ y and K_** − K_*d (K + λ)⁻¹ K_d*, by elimination", async () => {
    for (const kernel of [ntk, nngp])
      for (const noise of [0, 0.2, { relative: 0.1 }]) {
        let trace = 0;
        for (let i = 0; i < 9; i++) trace += kernel.trainTrain.data[i * 10]!;
        const lambda = typeof noise === "number" ? noise : (noise.relative * trace) / 9;
        const shifted = sum(1, kernel.trainTrain, lambda, identity(9));
        const alpha = eliminate(shifted, targets);
        const found = await posterior(engine, { kernel, targets, noise });
        expectClose(found.coefficients.data, alpha.data, 1e-10);
        expectClose(found.train.data, product(kernel.trainTrain, alpha).data, 1e-10);
        expectClose(found.test!.data, product(kernel.testTrain, alpha).data, 1e-10);
        const explained = product(kernel.testTrain, eliminate(shifted, transpose(kernel.testTrain)));
        expectClose(found.covariance!.data, sum(1, kernel.testTest, -1, explained).data, 1e-10);
        const { values } = await engine.eigenSymmetric(shifted);
        // The report knows both ends of the spectrum to a percent or better.
        expect(found.report.conditionNumber / (values.at(-1)! / values[0]!)).toBeCloseTo(1, 1);
      }
  });

  test("with noise is not y at the training points", async () => {
    const { train } = await posterior(engine, { kernel: nngp, targets, noise: 0.1 });
    expect(largestDifference(train.data, targets.data)).toBeGreaterThan(0.01);
    const exact = await posterior(engine, { kernel: nngp, targets });
    expect(exact.train.data).toEqual(targets.data);
  });

  test("has no covariance without the test block, and no test outputs without the cross block", async () => {
    const means = await posterior(engine, { kernel: { ...nngp, testTest: undefined }, targets });
    expect(means.covariance).toBeUndefined();
    expect(means.test).toBeDefined();
    const train = await posterior(engine, { kernel: { trainTrain: nngp.trainTrain }, targets });
    expect(train.test).toBeUndefined();
    expect(train.coefficients.data).toEqual(means.coefficients.data);
  });

  test("of many outputs is that of each", async () => {
    const all = await posterior(engine, { kernel: nngp, targets, noise: 0.1 });
    const one = filled(9, 1, (i) => targets.data[i * 3 + 1]!);
    const alone = await posterior(engine, { kernel: nngp, targets: one, noise: 0.1 });
    expectClose(alone.test!.data, filled(4, 1, (i) => all.test!.data[i * 3 + 1]!).data, 1e-14);
  });
});

describe("training to convergence", () => {
  test("is the flow at t = ∞, means and covariances, for any ridge", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom(0.05, 0.5, { relative: 0.2 }),
        fc.integer({ min: 0, max: 1e6 }),
        async (n, m, ridge, seed) => {
          const { ntk, nngp, targets, initial } = problem(n, m, 2, seed);
          const direct = await convergedTraining(engine, { ntk, nngp, targets, initial, ridge });
          const flow = await trainingFlow(engine, { ntk, nngp, targets });
          const limit = await flow.outputs({ time: Infinity, ridge }, initial);
          expectClose(direct.train.data, limit.train.data, 1e-11);
          expectClose(direct.test!.data, limit.test!.data, 1e-11);
          expectClose(direct.coefficients.data, limit.coefficients.data, 1e-11);
          const { covariance } = await flow.covariance({ time: Infinity, ridge });
          expectClose(direct.covariance!.data, covariance.data, 1e-11);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("reads float32 blocks", async () => {
    const { ntk, targets } = problem(6, 3, 1, 70);
    const single = {
      trainTrain: convert(ntk.trainTrain, "float32"),
      testTrain: convert(ntk.testTrain, "float32"),
    };
    const rounded = await convergedTraining(engine, { ntk: single, targets, ridge: 0.1 });
    const exact = await convergedTraining(engine, { ntk, targets, ridge: 0.1 });
    expectClose(rounded.test!.data, exact.test!.data, 1e-5);
  });
});

describe("kernels without a Cholesky factor", () => {
  test("of duplicated points get jitter, which is reported, and predict the mean of their targets", async () => {
    const distinct = problem(4, 2, 1, 80).nngp;
    const of = [0, 1, 2, 3, 0, 0];
    const kernel = {
      trainTrain: filled(6, 6, (i, j) => distinct.trainTrain.data[of[i]! * 4 + of[j]!]!),
      testTrain: filled(2, 6, (i, j) => distinct.testTrain.data[i * 4 + of[j]!]!),
      testTest: distinct.testTest,
    };
    const targets = rows([1, 0.5, -1, 2, 3, 5]);
    const merged = await posterior(engine, { kernel: distinct, targets: rows([3, 0.5, -1, 2]) });
    const found = await posterior(engine, { kernel, targets });
    expect(found.report.jitter).toBeGreaterThan(0);
    expect(found.report.jitter).toBeLessThan(1e-9);
    expect(found.report.conditionNumber).toBeGreaterThan(1e10);
    // Jitter, and the rounding that it lets through, are the error.
    expectClose(found.train.data, [3, 0.5, -1, 2, 3, 3], 1e-5);
    expectClose(found.test!.data, merged.test!.data, 1e-5);
    expectClose(found.covariance!.data, merged.covariance!.data, 1e-5);
  });

  test("as the zero kernel predict the prior", async () => {
    const kernel = { trainTrain: zeros(3, 3), testTrain: zeros(2, 3), testTest: zeros(2, 2) };
    const found = await posterior(engine, { kernel, targets: rows([1, 2, 3]) });
    expect([...found.test!.data]).toEqual([0, 0]);
    expectClose(found.train.data, [0, 0, 0], 1e-15);
    expect([...found.covariance!.data]).toEqual([0, 0, 0, 0]);
    expect(found.report.jitter).toBeGreaterThan(0);
    const from = { train: rows([1, 1, 1]), test: rows([4, 5]) };
    const trained = await convergedTraining(engine, { ntk: kernel, targets: rows([1, 2, 3]), initial: from });
    expect([...trained.test!.data]).toEqual([4, 5]);
  });

  test("because they are indefinite are refused; noise mends them", async () => {
    const trainTrain = rows([
      [1, 2],
      [2, 1],
    ]);
    const targets = rows([1, 2]);
    await expect(posterior(engine, { kernel: { trainTrain }, targets })).rejects.toThrow(
      "posterior: the kernel is not positive semidefinite",
    );
    await expect(convergedTraining(engine, { ntk: { trainTrain }, targets })).rejects.toThrow(
      "convergedTraining: the kernel is not positive semidefinite",
    );
    const { report } = await posterior(engine, { kernel: { trainTrain }, targets, noise: 2 });
    expect(report.jitter).toBe(0);
    expect(report.conditionNumber).toBeCloseTo(5, 1);
  });
});

test("wrong input is refused by name", async () => {
  const { ntk, nngp, targets } = problem(4, 2, 1, 90);
  const fail = (run: Promise<unknown>, message: string) => expect(run).rejects.toThrow(message);
  await fail(posterior(engine, { kernel: ntk, targets: zeros(3, 1) }), "posterior: targets is 3 × 1");
  await fail(posterior(engine, { kernel: ntk, targets, noise: -1 }), "posterior: noise is -1");
  await fail(
    posterior(engine, { kernel: { trainTrain: zeros(2, 3) }, targets }),
    "kernel.trainTrain is 2 × 3",
  );
  await fail(convergedTraining(engine, { targets }), "neither ntk nor nngp");
  await fail(
    convergedTraining(engine, { ntk, nngp: problem(5, 2, 1, 1).nngp, targets }),
    "nngp.trainTrain has 5",
  );
  await fail(
    convergedTraining(engine, { ntk, nngp, targets, initial: { train: targets } }),
    "initial.test is needed, 2 × 1",
  );
  const broken = { ...ntk, trainTrain: { ...ntk.trainTrain, data: new Float64Array(16).fill(NaN) } };
  await fail(posterior(engine, { kernel: broken, targets }), "kernel.trainTrain is NaN");
});
