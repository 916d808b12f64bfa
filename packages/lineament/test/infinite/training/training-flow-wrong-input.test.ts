import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  convergedTraining,
  posterior,
  trainingFlow,
  type TrainingSpan,
} from "../../../src/infinite/training/index.ts";
import { type Engine, type Matrix, zeros } from "../../../src/linalg/index.ts";
import { openEngine } from "../../../src/linalg/open-engine.ts";
import { problem, rows } from "./problems.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

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
