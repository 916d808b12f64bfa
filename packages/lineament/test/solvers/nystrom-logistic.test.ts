import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, type FusedKernel, random, sample, takeRows, zeros } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  fitKernelLogistic,
  logisticProbabilities,
  nystromLogistic,
  type NystromLogistic,
  type NystromLogisticOptions,
  rowsInMemory,
} from "../../src/solvers/index.ts";
import { expectClose, filled, gram, largestDifference, normals, points, product } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const laplace = { family: "laplace", bandwidth: 3, exponent: 1 } as const;
const n = 200;
const x = normals(n, 3, 1);
const noise = normals(n, 1, 2);
const binary = Int32Array.from({ length: n }, (_, i) => (x.data[i * 3]! + 0.7 * noise.data[i]! > 0 ? 1 : 0));
const ternary = Int32Array.from({ length: n }, (_, i) => {
  const value = x.data[i * 3]! + 0.5 * noise.data[i]!;
  return value > 0.5 ? 2 : value > -0.5 ? 1 : 0;
});
const weights = Float64Array.from({ length: n }, (_, i) => 0.5 + (i % 3));
const all = Int32Array.from({ length: n }, (_, i) => i);

function fit(
  labels: Int32Array,
  options: NystromLogisticOptions,
  { rows = all, w, kernel = laplace }: { rows?: Int32Array; w?: Float64Array; kernel?: FusedKernel } = {},
): Promise<NystromLogistic> {
  return nystromLogistic(
    engine,
    {
      source: rowsInMemory(
        points(x),
        filled(n, 1, (i) => labels[i]!),
        w,
      ),
      centers: points(takeRows(x, rows)),
      centerWeights: w && Float64Array.from(rows, (i) => w[i]!),
      kernel: (call) => engine.kernelMatrix({ kernel, ...call }),
    },
    { precision: "float64", tolerance: 1e-8, maxSteps: 60, ...options },
  );
}

describe.each([
  { name: "two classes", labels: binary, classes: 2, offsets: [0.3, -0.2] },
  { name: "three classes", labels: ternary, classes: 3, offsets: [0.3, -0.2, 0.1] },
])("$name", ({ labels, classes, offsets }) => {
  test.each([1e-2, 1, 30])(
    "with every row a center fit as kernel logistic regression does, λ = %d",
    async (ridge) => {
      for (const w of [undefined, weights]) {
        const k = await gram(engine, laplace, x);
        const exact = await fitKernelLogistic(engine, k, labels, {
          classes,
          ridge,
          offsets,
          weights: w,
          tolerance: 1e-10,
          maxSteps: 3000,
        });
        const { coefficients, outcome, objective } = await fit(
          labels,
          { classes, ridge, offsets },
          { ...(w && { w }) },
        );
        expect(outcome).toBe("converged");
        const latent = product(await gram(engine, laplace, x), coefficients);
        expectClose(latent.data, exact.latent.data, 1e-5);
        expect(objective.at(-1)! / exact.objective.at(-1)!).toBeCloseTo(1, 8);
      }
    },
  );

  test("with fewer centers end where the gradient vanishes", async () => {
    const rows = sample(n, 40, random(3));
    const ridge = 0.1;
    const { coefficients, outcome, steps, passes, stationarity } = await fit(
      labels,
      { classes, ridge },
      { rows },
    );
    expect(outcome).toBe("converged");
    expect(stationarity).toBeLessThanOrEqual(1e-8);
    expect(passes).toBeGreaterThan(steps);
    const k = await gram(engine, laplace, x);
    const cross = filled(n, rows.length, (i, j) => k.data[i * n + rows[j]!]!);
    const own = filled(rows.length, rows.length, (i, j) => k.data[rows[i]! * n + rows[j]!]!);
    const p = logisticProbabilities(product(cross, coefficients));
    const c = coefficients.cols;
    const errors = filled(n, c, (i, l) => {
      const a = c === 1 ? 1 : l;
      return p.data[i * classes + a]! - (labels[i] === a ? 1 : 0);
    });
    const gradient = product(
      filled(rows.length, n, (j, i) => cross.data[i * rows.length + j]!),
      errors,
    );
    const penalty = product(own, coefficients);
    gradient.data.forEach((value, at) => (gradient.data[at] = value + 2 * ridge * penalty.data[at]!));
    expect(largestDifference(gradient.data, zeros(rows.length, c).data)).toBeLessThan(1e-5);
  });

  test("in float32 find the probabilities of float64", async () => {
    const rows = sample(n, 40, random(3));
    const [single, double] = await Promise.all(
      (["float32", "float64"] as const).map((precision) =>
        fit(labels, { classes, ridge: 0.1, precision, tolerance: 1e-4 }, { rows }),
      ),
    );
    const k = await gram(engine, laplace, x);
    const cross = filled(n, rows.length, (i, j) => k.data[i * n + rows[j]!]!);
    const [p, q] = [single!, double!].map(({ coefficients }) =>
      logisticProbabilities(product(cross, coefficients)),
    );
    expectClose(p!.data, q!.data, 1e-3);
  });

  test("start from given coefficients", async () => {
    const rows = sample(n, 40, random(3));
    const { coefficients } = await fit(labels, { classes, ridge: 0.1 }, { rows });
    const again = await fit(labels, { classes, ridge: 0.1, tolerance: 1e-6, start: coefficients }, { rows });
    expect(again).toMatchObject({ outcome: "converged", steps: 0, passes: 2 });
  });
});

test("the objective never rises at the asked penalty, not even for separable classes", async () => {
  const separable = Int32Array.from({ length: n }, (_, i) => (x.data[i * 3]! > 0 ? 1 : 0));
  const { objective, outcome } = await fit(separable, { classes: 2, ridge: 1e-6, tolerance: 1e-6 });
  expect(outcome).toBe("converged");
  const last = objective.slice(5);
  last.forEach((value, at) => at > 0 && expect(value).toBeLessThanOrEqual(last[at - 1]! * (1 + 1e-6)));
});

test("enough is enough, and an abort stops at once", async () => {
  const enough = new AbortController();
  const rows = sample(n, 40, random(3));
  const early = await fit(
    binary,
    {
      classes: 2,
      ridge: 1e-3,
      enough: enough.signal,
      onProgress: ({ passes }) => passes === 5 && enough.abort(),
    },
    { rows },
  );
  expect(early.outcome).toBe("interrupted");
  expect(early.objective.at(-1)!).toBeLessThan(early.objective[0]!);
  const stopped = fit(
    binary,
    { classes: 2, ridge: 1, signal: AbortSignal.abort(new Error("stopped")) },
    { rows },
  );
  await expect(stopped).rejects.toThrow("stopped");
});

test("what makes no sense is refused", async () => {
  await expect(fit(ternary, { classes: 2, ridge: 1 })).rejects.toThrow("a label is 2, expected 0 … 1");
  await expect(fit(binary, { classes: 2, ridge: 0 })).rejects.toThrow("λ = 0");
  await expect(fit(binary, { classes: 2, ridge: 1, offsets: [1] })).rejects.toThrow(
    "1 offsets for 2 classes",
  );
  await expect(fit(binary, { classes: 2, ridge: 1, start: zeros(2, 2) })).rejects.toThrow("start is 2 × 2");
});
