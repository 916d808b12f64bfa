import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  anyLossFlow,
  type FlowLoss,
  logisticLoss,
  softmaxLoss,
  squareLoss,
  trainingFlow,
} from "../../../src/infinite/training/index.ts";
import { type Engine, type Matrix, zeros } from "../../../src/linalg/index.ts";
import { openEngine } from "../../../src/linalg/open-engine.ts";
import { expectClose, filled, largestDifference, normals, product } from "../../contracts/data.ts";
import { problem, references, rows, sum } from "./problems.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const signs = (a: Matrix): Matrix<Float64Array> =>
  filled(a.rows, a.cols, (i, j) => (a.data[i * a.cols + j]! < 0 ? -1 : 1));

/** One class a row. */
const classes = (n: number, c: number): Matrix<Float64Array> => filled(n, c, (i, o) => (i % c === o ? 1 : 0));

describe("losses", () => {
  const f = normals(5, 3, 1);
  const cases: [string, FlowLoss, Matrix<Float64Array>][] = [
    ["squares", squareLoss, normals(5, 3, 2)],
    ["logistic", logisticLoss, signs(normals(5, 3, 3))],
    ["softmax", softmaxLoss, classes(5, 3)],
    ["softmax with soft targets", softmaxLoss, filled(5, 3, () => 1 / 3)],
  ];

  test.each(cases)("%s: slopes are the derivatives of the value", (_, loss, y) => {
    loss.checkTargets?.(y);
    const slopes = new Float64Array(15);
    loss.slopes(f, y, slopes);
    const h = 1e-5;
    for (let at = 0; at < 15; at++) {
      const moved = (by: number): number => {
        const data = f.data.slice();
        data[at]! += by;
        return loss.value({ ...f, data }, y);
      };
      // Central differences err by h² and by rounding / h.
      expect(slopes[at]).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 8);
    }
  });

  test("stay finite at huge outputs", () => {
    const huge = rows([[1000, -1000]]);
    const slopes = new Float64Array(2);
    logisticLoss.slopes(huge, rows([[-1, -1]]), slopes);
    expect([...slopes]).toEqual([1, 0]);
    expect(logisticLoss.value(huge, rows([[-1, -1]]))).toBe(1000);
    softmaxLoss.slopes(huge, rows([[0, 1]]), slopes);
    expect([...slopes]).toEqual([1, -1]);
    expect(softmaxLoss.value(huge, rows([[0, 1]]))).toBe(2000);
  });

  test("of two classes agree: softmax of (f, 0) is logistic in f", () => {
    const g = normals(6, 1, 4);
    const pairs = filled(6, 2, (i, o) => (o === 0 ? g.data[i]! : 0));
    const labels = signs(normals(6, 1, 5));
    const hot = filled(6, 2, (i, o) => ((labels.data[i] === 1) === (o === 0) ? 1 : 0));
    expect(softmaxLoss.value(pairs, hot)).toBeCloseTo(logisticLoss.value(g, labels), 12);
  });
});

describe.each(references)("the reference $id", ({ ntk, expected, tolerance }) => {
  test.each(expected.logisticFlow)("logistic flow from 0 to t = $t", async ({ t, labels, train, test }) => {
    const { states, outcome } = await anyLossFlow(engine, {
      ntk,
      targets: rows(labels),
      loss: logisticLoss,
      times: [t],
    });
    expect(outcome).toBe("reached");
    expect(largestDifference(states[0]!.train.data, train)).toBeLessThanOrEqual(tolerance.logisticAbs);
    expect(largestDifference(states[0]!.test!.data, test)).toBeLessThanOrEqual(tolerance.logisticAbs);
  });
});

describe("the flow of any loss", () => {
  const { ntk, targets, initial } = problem(10, 4, 2, 20);

  test("of squares is the closed form, with and without a ridge", async () => {
    const flow = await trainingFlow(engine, { ntk, targets });
    const times = [0, 0.1, 1, 10];
    for (const ridge of [0, 0.3, { relative: 0.5 }]) {
      const { states } = await anyLossFlow(engine, { ntk, targets, initial, loss: squareLoss, times, ridge });
      expect(states.map(({ time }) => time)).toEqual(times);
      for (const { time, train, test, coefficients, loss } of states) {
        const exact = await flow.outputs({ time, ridge }, initial);
        expectClose(train.data, exact.train.data, 1e-8);
        expectClose(test!.data, exact.test!.data, 1e-8);
        expectClose(coefficients.data, exact.coefficients.data, 1e-8);
        expect(loss).toBeCloseTo(squareLoss.value(exact.train, targets), 7);
      }
    }
  });

  test("keeps f = f_0 + Θ α, lowers the loss, and classifies in the end", async () => {
    const labels = signs(targets);
    for (const [loss, y] of [
      [logisticLoss, labels],
      [softmaxLoss, classes(10, 2)],
    ] as const) {
      const times = [0, 0.1, 1, 10, 1000];
      const { states, outcome } = await anyLossFlow(engine, { ntk, targets: y, initial, loss, times });
      expect(outcome).toBe("reached");
      states.forEach(({ train, test, coefficients }) => {
        expectClose(train.data, sum(1, initial.train, 1, product(ntk.trainTrain, coefficients)).data, 1e-10);
        expectClose(test!.data, sum(1, initial.test, 1, product(ntk.testTrain, coefficients)).data, 1e-10);
      });
      states.slice(1).forEach((state, i) => expect(state.loss).toBeLessThan(states[i]!.loss));
      expect(states.at(-1)!.loss).toBeLessThan(0.1);
    }
  });

  test("with a ridge ends at kernel logistic regression: λ α = −∂ℓ/∂f", async () => {
    const labels = signs(targets);
    const ridge = 0.2;
    const { states } = await anyLossFlow(engine, {
      ntk,
      targets: labels,
      loss: logisticLoss,
      times: [300],
      ridge,
    });
    const { train, coefficients } = states[0]!;
    const slopes = new Float64Array(20);
    logisticLoss.slopes(train, labels, slopes);
    expectClose(
      coefficients.data.map((value) => -ridge * value),
      slopes,
      1e-8,
    );
  });

  test("does not depend on where it is looked at on the way", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 1, maxLength: 4 }),
        async (between) => {
          const times = [...between.sort((a, b) => a - b), 3];
          const options = { ntk, targets: signs(targets), loss: logisticLoss };
          const { states } = await anyLossFlow(engine, { ...options, times });
          const [end] = (await anyLossFlow(engine, { ...options, times: [3] })).states;
          expectClose(states.at(-1)!.train.data, end!.train.data, 1e-12);
        },
      ),
      { numRuns: 10 },
    );
  });

  test("says when the steps do not suffice, with the states that were reached", async () => {
    const run = await anyLossFlow(engine, {
      ntk,
      targets: signs(targets),
      loss: logisticLoss,
      times: [0, 1e-3, 1e6],
      maxSteps: 30,
    });
    expect(run.outcome).toBe("out-of-steps");
    expect(run.states.map(({ time }) => time)).toEqual([0, 1e-3]);
  });

  test("refuses targets, times and shapes that do not fit", async () => {
    const options = { ntk, targets: signs(targets), loss: logisticLoss, times: [1] };
    const fail = (change: Partial<Parameters<typeof anyLossFlow>[1]>, message: string) =>
      expect(anyLossFlow(engine, { ...options, ...change })).rejects.toThrow(message);
    await fail({ targets }, "expected labels 1 and −1");
    await fail({ targets: signs(targets), loss: softmaxLoss }, "expected probabilities with sum 1");
    await fail({ targets: zeros(3, 2) }, "anyLossFlow: targets is 3 × 2");
    await fail({ times: [2, 1] }, "times[1] is 1");
    await fail({ times: [-1] }, "times[0] is -1");
    await fail({ times: [Infinity] }, "times[0] is Infinity");
    await fail({ times: [NaN] }, "times[0] is NaN");
    await fail({ initial: { train: zeros(10, 2) } }, "initial.test is needed");
    await fail({ ridge: -1 }, "ridge is -1");
    const indefinite = rows([
      [1, 2],
      [2, 1],
    ]);
    await fail(
      { ntk: { trainTrain: indefinite }, targets: rows([1, -1]) },
      "the kernel has the eigenvalue -",
    );
    expect((await anyLossFlow(engine, { ...options, times: [] })).states).toEqual([]);
  });
});
