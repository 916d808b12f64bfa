import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  diagnoseMachine,
  type Engine,
  type FeatureMachine,
  fitFeatureMachine,
  type FitOptions,
  parseFitOptions,
  type ResolvedFitOptions,
  openEngine,
  takePoints,
  type Target,
  takeTarget,
} from "lineament";
import { classification, normals, problem, regression } from "./machines.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const laplace = (more: Partial<NonNullable<FitOptions["machine"]>> = {}): ResolvedFitOptions =>
  parseFitOptions({
    machine: {
      kernel: { family: "laplace", bandwidth: 2, exponent: 1 },
      bandwidth: "adaptive",
      iterations: 0,
      ridge: 0.1,
      ...more,
    },
  });

const n = 400;
const x = normals(n, 5, 1);
const first = Int32Array.from({ length: 240 }, (_, i) => i);
const rest = Int32Array.from({ length: 160 }, (_, i) => 240 + i);

async function fitted(target: Target, options: ResolvedFitOptions): Promise<FeatureMachine> {
  return fitFeatureMachine(
    engine,
    problem(takePoints({ coordinates: x }, first, 0), takeTarget(target, first)),
    {
      ...options,
    },
  );
}

describe("the diagnosis of a regression", () => {
  const target = regression(x, (row) => 10 + 20 * Math.sin(row[0]!) + 8 * row[1]!, 4, 3);

  test("its test error, times the squared unit, is the squared error of the machine's own predictions", async () => {
    const machine = await fitted(target, laplace());
    const test = { x: takePoints({ coordinates: x }, rest, 0), target: takeTarget(target, rest) };
    const diagnosis = await diagnoseMachine(machine, takeTarget(target, first), { test });
    const predicted = await machine.predict(test.x);
    const actual = test.target.task === "regression" ? test.target.y.data : [];
    const error = predicted.data.reduce((sum, value, i) => sum + (value - actual[i]!) ** 2 / 160, 0);
    expect(diagnosis.unit).toBeGreaterThan(10);
    // The machine was solved in float32.
    expect((diagnosis.measured.at(-1)!.testError! * diagnosis.unit! ** 2) / error).toBeCloseTo(1, 4);
    expect(diagnosis).toMatchObject({
      rows: 240,
      ridge: 0.1,
      member: 0,
      weight: 1,
      updates: 0,
      logarithm: false,
    });
    expect(diagnosis.variance).toBeCloseTo(1, 6);
    expect(diagnosis.kernel).toMatch(/^laplace/);
  });

  test("looks at a sample of the rows, with another ridge if asked to", async () => {
    const machine = await fitted(target, laplace());
    const diagnosis = await diagnoseMachine(machine, takeTarget(target, first), { rows: 100, ridge: 2 });
    expect(diagnosis).toMatchObject({ rows: 100, ridge: 2 });
  });

  test("of a learned metric sees that less is left to learn", async () => {
    const single = regression(x, (row) => Math.sin(2 * row[0]!), 0.1, 4);
    const [plain, learned] = [
      await diagnoseMachine(await fitted(single, laplace()), takeTarget(single, first)),
      await diagnoseMachine(
        await fitted(single, laplace({ iterations: 2, stopFactor: 10 })),
        takeTarget(single, first),
      ),
    ];
    expect(plain.updates).toBe(0);
    expect(learned.updates).toBeGreaterThan(0);
    expect(learned.leaveOneOutError).toBeLessThan(plain.leaveOneOutError / 2);
  });
});

test("the diagnosis of classes counts squared errors of one-hot codes, summed over classes", async () => {
  const target = classification(x, (row) => [row[0]!, row[1]!, row[2]!]);
  const machine = await fitted(target, laplace());
  const labels = target.task === "classification" ? target.labels : [];
  const diagnosis = await diagnoseMachine(machine, takeTarget(target, first));
  const shares = [0, 1, 2].map((label) => first.filter((i) => labels[i] === label).length / 240);
  // Predicting the frequencies π costs Σ π (1 − π).
  expect(diagnosis.variance).toBeCloseTo(
    shares.reduce((sum, share) => sum + share * (1 - share), 0),
    8,
  );
  expect(diagnosis.unit).toBeUndefined();
  expect(diagnosis.leaveOneOutError).toBeLessThan(diagnosis.variance / 1.5);
});

test("too few rows are refused", async () => {
  const few = Int32Array.from({ length: 30 }, (_, i) => i);
  const target = regression(x, (row) => row[0]!, 0.1);
  const machine = await fitFeatureMachine(
    engine,
    problem(takePoints({ coordinates: x }, few, 0), takeTarget(target, few)),
    laplace(),
  );
  await expect(diagnoseMachine(machine, takeTarget(target, few))).rejects.toThrow(/30 rows; at least 40/);
});
