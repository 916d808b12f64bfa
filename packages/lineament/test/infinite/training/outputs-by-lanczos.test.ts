import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { outputsByLanczos, trainingFlow, type TrainingSpan } from "../../../src/infinite/training/index.ts";
import { convert, type Engine, type Matrix, zeros } from "../../../src/linalg/index.ts";
import { openEngine } from "../../../src/linalg/open-engine.ts";
import { expectClose, filled, gram, largestDifference, normals } from "../../contracts/data.ts";
import { problem, rows } from "./problems.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

describe("outputs by Lanczos", () => {
  test("are those of the eigendecomposition, for every kind of training at once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 1e6 }),
        async (n, m, c, seed) => {
          const { ntk, targets, initial } = problem(n, m, c, seed, 2 * (n + m));
          const flow = await trainingFlow(engine, { ntk, targets });
          const learningRate = 0.9 / flow.largestEigenvalue;
          const spans: TrainingSpan[] = [
            { time: 0 },
            { time: 0.7 },
            { time: 50, ridge: 0.1 },
            { time: Infinity, ridge: 0.2 },
            { time: Infinity },
            { steps: 40, learningRate },
            { steps: 40, learningRate: 0.5 * learningRate, method: "nesterov", momentum: 0.8, ridge: 0.1 },
          ];
          const found = await outputsByLanczos(engine, { ntk, targets, initial, spans });
          for (const [s, span] of spans.entries()) {
            const exact = await flow.outputs(span, initial);
            expect(found[s]!.outcome).toBe("converged");
            expectClose(found[s]!.train.data, exact.train.data, 1e-9);
            expectClose(found[s]!.test!.data, exact.test!.data, 1e-8);
            expectClose(found[s]!.coefficients.data, exact.coefficients.data, 1e-7);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  // A Laplace kernel has a long tail of small eigenvalues, as kernels of networks have.
  const n = 300;
  const x = normals(n, 5, 1);
  const targets = filled(n, 2, (i, l) => (l === 0 ? Math.sin(x.data[i * 5]!) : x.data[i * 5 + 1]! ** 2));
  const kernel = (): Promise<Matrix> => gram(engine, { family: "laplace", bandwidth: 5, exponent: 1 }, x);

  test("need far fewer products than points, and err by no more than their residual says", async () => {
    const ntk = { trainTrain: await kernel() };
    const flow = await trainingFlow(engine, { ntk, targets });
    for (const time of [0.1, 3, 30])
      for (const tolerance of [1e-3, 1e-6, 1e-10]) {
        const [found] = await outputsByLanczos(engine, { ntk, targets, spans: [{ time }], tolerance });
        const exact = await flow.outputs({ time });
        const error = Math.hypot(...found!.train.data.map((value, at) => value - exact.train.data[at]!));
        const size = Math.hypot(...targets.data);
        expect(found!.outcome).toBe("converged");
        expect(found!.residual).toBeLessThanOrEqual(tolerance);
        expect(error).toBeLessThanOrEqual(found!.residual * size + 1e-12 * size);
        expect(found!.steps).toBeLessThan(n / 3);
      }
  });

  test("k steps of descent take at most k products, exactly", async () => {
    const ntk = { trainTrain: await kernel() };
    const flow = await trainingFlow(engine, { ntk, targets });
    const span: TrainingSpan = {
      steps: 20,
      learningRate: 1 / flow.largestEigenvalue,
      method: "heavy-ball",
      momentum: 0.9,
    };
    const [found] = await outputsByLanczos(engine, { ntk, targets, spans: [span], tolerance: 1e-16 });
    expectClose(found!.train.data, (await flow.outputs(span)).train.data, 1e-12);
    expect(found!.steps).toBeLessThanOrEqual(20);
  });

  test("say when the products do not suffice", async () => {
    const ntk = { trainTrain: await kernel() };
    const spans = [{ time: 0.01 }, { time: Infinity }];
    const [early, late] = await outputsByLanczos(engine, { ntk, targets, spans, steps: 12 });
    expect(early!.outcome).toBe("converged");
    expect(late!.outcome).toBe("out-of-steps");
    expect(late!.residual).toBeGreaterThan(1e-10);
    expect(late!.train.data.every(Number.isFinite)).toBe(true);
    expect(late!.steps).toBe(12);
  });

  test("use a float32 kernel as it is", async () => {
    const ntk = { trainTrain: await kernel() };
    const single = { trainTrain: convert(ntk.trainTrain, "float32") };
    const options = { targets, spans: [{ time: 3 }], tolerance: 1e-6 };
    const [rounded] = await outputsByLanczos(engine, { ntk: single, ...options });
    const [exact] = await outputsByLanczos(engine, { ntk, ...options });
    expect(rounded!.outcome).toBe("converged");
    expect(largestDifference(rounded!.train.data, exact!.train.data)).toBeLessThan(1e-4);
  });

  test("of a column with nothing to learn are what they were; of the zero kernel too", async () => {
    const { ntk, targets: wanted } = problem(6, 2, 2, 5);
    const from = {
      train: wanted,
      test: rows([
        [1, 2],
        [3, 4],
      ]),
    };
    const [still] = await outputsByLanczos(engine, {
      ntk,
      targets: wanted,
      initial: from,
      spans: [{ time: 9 }],
    });
    expect(still!.train.data).toEqual(wanted.data);
    expect([...still!.test!.data]).toEqual([1, 2, 3, 4]);
    expect(still).toMatchObject({ outcome: "converged", residual: 0, steps: 0 });
    const nothing = { trainTrain: zeros(6, 6), testTrain: zeros(2, 6) };
    for (const time of [2, Infinity]) {
      const [zero] = await outputsByLanczos(engine, { ntk: nothing, targets: wanted, spans: [{ time }] });
      expectClose(zero!.train.data, zeros(6, 2).data, 1e-15);
      expect([...zero!.test!.data]).toEqual([0, 0, 0, 0]);
    }
  });

  test("refuse input by name, and stop on a signal", async () => {
    const { ntk, targets: wanted } = problem(6, 2, 1, 6);
    const spans = [{ time: 1 }];
    const fail = (options: Parameters<typeof outputsByLanczos>[1], message: string) =>
      expect(outputsByLanczos(engine, options)).rejects.toThrow(message);
    await fail({ ntk, targets: zeros(5, 1), spans }, "outputsByLanczos: targets is 5 × 1");
    await fail({ ntk, targets: wanted, spans, steps: 0 }, "steps is 0");
    await fail({ ntk, targets: wanted, spans, tolerance: NaN }, "tolerance is NaN");
    const indefinite = {
      trainTrain: rows([
        [1, 2],
        [2, 1],
      ]),
    };
    await fail({ ntk: indefinite, targets: rows([1, 2]), spans }, "the kernel has the eigenvalue -");
    await fail({ ntk, targets: wanted, spans: [{ time: -1 }] }, "time is -1");
    await fail({ ntk, targets: wanted, spans: [{ steps: 1, learningRate: 1e9 }] }, "diverges");
    await fail({ ntk, targets: wanted, spans, signal: AbortSignal.abort(new Error("enough")) }, "enough");
    expect(await outputsByLanczos(engine, { ntk, targets: wanted, spans: [] })).toEqual([]);
  });
});
