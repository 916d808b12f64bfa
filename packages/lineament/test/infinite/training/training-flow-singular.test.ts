import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convergedTraining, trainingFlow, type TrainingSpan } from "../../../src/infinite/training/index.ts";
import { type Engine, zeros } from "../../../src/linalg/index.ts";
import { openEngine } from "../../../src/linalg/open-engine.ts";
import { expectClose, filled } from "../../contracts/data.ts";
import { identity, problem, references, rows, sum } from "./problems.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

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
