import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type DescentMethod,
  maximalLearningRate,
  stabilityLimit,
  trainingFlow,
  trainingTime,
} from "../../../src/infinite/training/index.ts";
import { type Engine, zeros } from "../../../src/linalg/index.ts";
import { openEngine } from "../../../src/linalg/open-engine.ts";
import { filled } from "../../contracts/data.ts";
import { problem, references, rows } from "./problems.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

describe("the maximal learning rate", () => {
  test.each(references)("of $id", async ({ ntk, expected, tolerance }) => {
    const plain = await maximalLearningRate(engine, ntk.trainTrain);
    expect(Math.abs(plain.learningRate - expected.maxLearningRate.gradientDescent)).toBeLessThan(
      tolerance.abs,
    );
    const heavy = await maximalLearningRate(engine, ntk.trainTrain, { method: "heavy-ball", momentum: 0.9 });
    expect(Math.abs(heavy.learningRate - expected.maxLearningRate["heavyBallMomentum0.9"])).toBeLessThan(
      tolerance.abs,
    );
    expect(plain.outcome).toBe("converged");
  });

  test("is where the recursion of the largest mode leaves the unit circle", () => {
    const methods: DescentMethod[] = [{}, { method: "gradient-descent" }];
    for (const momentum of [0, 0.3, 0.9, 0.99])
      methods.push({ method: "heavy-ball", momentum }, { method: "nesterov", momentum });
    for (const method of methods) {
      const limit = stabilityLimit(2.5, method);
      const momentum = "momentum" in method ? method.momentum : 0;
      /** The error of one mode after many steps, from 1. */
      const error = (learningRate: number): number => {
        const x = 2.5 * learningRate;
        let [e, earlier] = [1, 1];
        for (let k = 0; k < 20_000 && Math.abs(e) < 1e9; k++) {
          const ahead = e + momentum * (e - earlier);
          [e, earlier] = [ahead - x * (method.method === "nesterov" ? ahead : e), e];
        }
        return Math.abs(e);
      };
      expect(error(0.99 * limit)).toBeLessThan(1e-10);
      expect(error(1.01 * limit)).toBeGreaterThan(1e3);
    }
  });

  test("finds λ_max of larger kernels without a decomposition", async () => {
    const { ntk, targets } = problem(150, 0, 1, 3, 20);
    const { largestEigenvalue } = await trainingFlow(engine, { ntk, targets });
    const found = await maximalLearningRate(engine, ntk.trainTrain);
    expect(found.largestEigenvalue / largestEigenvalue).toBeCloseTo(1, 12);
    expect(found.learningRate).toBeCloseTo(2 / largestEigenvalue, 12);
  });

  test("of the zero kernel is infinite", async () => {
    expect(await maximalLearningRate(engine, zeros(4, 4))).toMatchObject({
      learningRate: Infinity,
      largestEigenvalue: 0,
      outcome: "converged",
    });
  });

  test("refuses matrices that are no kernels, and momenta outside of [0, 1)", async () => {
    await expect(maximalLearningRate(engine, zeros(2, 3))).rejects.toThrow("kernel is 2 × 3");
    await expect(maximalLearningRate(engine, rows([[NaN]]))).rejects.toThrow("kernel is NaN");
    await expect(
      maximalLearningRate(
        engine,
        filled(2, 2, (i) => i + 1),
      ),
    ).rejects.toThrow("symmetric");
    await expect(
      maximalLearningRate(engine, rows([[1]]), { method: "nesterov", momentum: 1.1 }),
    ).rejects.toThrow("momentum is 1.1");
    expect(() => stabilityLimit(1, { method: "heavy-ball", momentum: NaN })).toThrow("momentum is NaN");
    expect(() => stabilityLimit(NaN)).toThrow("the largest eigenvalue is NaN");
    await expect(
      maximalLearningRate(
        engine,
        rows([
          [1, 2],
          [2, 1],
        ]),
      ),
    ).rejects.toThrow("maximalLearningRate: the kernel has the eigenvalue -");
  });
});

describe("training time", () => {
  const run = { learningRate: 0.1, steps: 50 };

  test("converts the three ways to write a sum of squares", () => {
    expect(trainingTime({ loss: "half-squares", ...run })).toBeCloseTo(5, 14);
    expect(trainingTime({ loss: "half-mean-squares", ...run, examples: 20 })).toBeCloseTo(0.25, 14);
    expect(trainingTime({ loss: "mean-squares", ...run, examples: 20 })).toBeCloseTo(0.5, 14);
  });

  test("is the time at which descent on that loss meets the flow", async () => {
    const { ntk, targets } = problem(8, 2, 1, 4);
    const flow = await trainingFlow(engine, { ntk, targets });
    for (const [loss, factor] of [
      ["half-squares", 1],
      ["half-mean-squares", 1 / 8],
      ["mean-squares", 2 / 8],
    ] as const) {
      // Descent on factor · ½ Σ is descent on ½ Σ with a step of factor · η.
      const [learningRate, steps] = [1e-6, 1_000_000];
      const descent = await flow.outputs({ steps, learningRate: factor * learningRate });
      const time = trainingTime({ loss, learningRate, steps, examples: 8 });
      const { test } = await flow.outputs({ time });
      descent.test!.data.forEach((value, i) => expect(value).toBeCloseTo(test!.data[i]!, 5));
    }
  });

  test("refuses what is no training", () => {
    const fail = (change: object, message: string) =>
      expect(() => trainingTime({ loss: "mean-squares", ...run, examples: 20, ...change })).toThrow(message);
    fail({ loss: "sum" }, "loss is sum, expected half-squares, half-mean-squares or mean-squares");
    fail({ learningRate: 0 }, "learningRate is 0");
    fail({ learningRate: NaN }, "learningRate is NaN");
    fail({ steps: 0.5 }, "steps is 0.5");
    fail({ examples: undefined }, "examples is 0");
    fail({ examples: 2.5 }, "examples is 2.5");
  });
});
