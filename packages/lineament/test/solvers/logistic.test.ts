import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, type Matrix, type Precision } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  fitKernelLogistic,
  logisticProbabilities,
  type LogisticOptions,
  type LogisticSolution,
} from "../../src/solvers/index.ts";
import { eliminate, expectClose, filled, gram, normals, product } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const n = 40;
const x = normals(n, 3, 1);
const noise = normals(n, 3, 2);
const binary = Int32Array.from({ length: n }, (_, i) =>
  x.data[i * 3]! + 0.7 * noise.data[i * 3]! > 0 ? 1 : 0,
);
const ternary = Int32Array.from({ length: n }, (_, i) => {
  const value = x.data[i * 3]! + 0.5 * noise.data[i * 3]!;
  return value > 0.5 ? 2 : value > -0.5 ? 1 : 0;
});
const weights = Float64Array.from({ length: n }, (_, i) => 0.5 + (i % 3));
const kernelMatrix = (precision: Precision = "float64"): Promise<Matrix> =>
  gram(engine, { family: "laplace", bandwidth: 3, exponent: 1 }, x, precision);
const fit = async (
  labels: Int32Array,
  options: LogisticOptions,
  precision?: Precision,
): Promise<LogisticSolution> => fitKernelLogistic(engine, await kernelMatrix(precision), labels, options);

/** Σ w ℓ + λ tr(Aᵀ K A), straight from its definition. */
function objective(
  k: Matrix,
  a: Matrix,
  labels: Int32Array,
  ridge: number,
  w?: Float64Array,
  offsets?: number[],
): number {
  const f = product(k, a);
  const p = logisticProbabilities(f, offsets);
  let sum = 0;
  for (let i = 0; i < n; i++) sum -= (w?.[i] ?? 1) * Math.log(p.data[i * p.cols + labels[i]!]!);
  for (let at = 0; at < f.data.length; at++) sum += ridge * a.data[at]! * f.data[at]!;
  return sum;
}

describe("two classes, Newton", () => {
  test("the symmetric iterates are those of the unsymmetric system (½ D K + λ I) δ = −½ [(p − y) + 2λα]", async () => {
    const ridge = 0.3;
    const k = await kernelMatrix();
    let alpha = filled(n, 1, () => 0);
    for (let step = 1; step <= 4; step++) {
      const f = product(k, alpha);
      const p = f.data.map((value) => 1 / (1 + Math.exp(-value)));
      const system = filled(
        n,
        n,
        (i, j) => 0.5 * p[i]! * (1 - p[i]!) * k.data[i * n + j]! + (i === j ? ridge : 0),
      );
      const right = filled(n, 1, (i) => -0.5 * (p[i]! - binary[i]! + 2 * ridge * alpha.data[i]!));
      const delta = eliminate(system, right);
      alpha = filled(n, 1, (i) => alpha.data[i]! + delta.data[i]!);
      const { coefficients, steps } = await fit(binary, { classes: 2, ridge, maxSteps: step, tolerance: 0 });
      expect(steps).toBe(step);
      expectClose(coefficients.data, alpha.data, 1e-10);
    }
  });

  test.each([1e-3, 0.1, 10])(
    "the gradient of the objective vanishes at convergence, λ = %d",
    async (ridge) => {
      const solution = await fit(binary, { classes: 2, ridge, weights, maxSteps: 50 });
      expect(solution.outcome).toBe("converged");
      expect(solution.stationarity).toBeLessThan(1e-8);
      const f = product(await kernelMatrix(), solution.coefficients);
      expectClose(solution.latent.data, f.data, 1e-10);
      const stationary = f.data.map(
        (value, i) =>
          weights[i]! * (1 / (1 + Math.exp(-value)) - binary[i]!) +
          2 * ridge * solution.coefficients.data[i]!,
      );
      expectClose(stationary, new Float64Array(n), 1e-8);
    },
  );

  test("the objective is the stated one and never rises", async () => {
    const ridge = 1e-3;
    const solution = await fit(binary, { classes: 2, ridge, weights, offsets: [0.1, 0.6], maxSteps: 50 });
    const trace = solution.objective;
    expect(trace).toHaveLength(solution.steps + 1);
    for (let step = 1; step < trace.length; step++)
      expect(trace[step]!).toBeLessThanOrEqual(trace[step - 1]! * (1 + 1e-12));
    expect(trace.at(-1)).toBeCloseTo(
      objective(await kernelMatrix(), solution.coefficients, binary, ridge, weights, [0.1, 0.6]),
      9,
    );
  });

  test("seven steps are enough for an everyday ridge", async () => {
    expect((await fit(binary, { classes: 2, ridge: 0.1 })).outcome).toBe("converged");
  });

  test("integer weights equal replication", async () => {
    const counts = Float64Array.from({ length: n }, (_, i) => 1 + (i % 2));
    const rows = Array.from({ length: n }, (_, i) => Array.from({ length: counts[i]! }, () => i)).flat();
    const k = await kernelMatrix();
    const replicated = filled(rows.length, rows.length, (a, b) => k.data[rows[a]! * n + rows[b]!]!);
    const many = await fitKernelLogistic(
      engine,
      replicated,
      rows.map((i) => binary[i]!),
      { classes: 2, ridge: 0.2, maxSteps: 30 },
    );
    const once = await fit(binary, { classes: 2, ridge: 0.2, weights: counts, maxSteps: 30 });
    const first = rows.map((_, at) => at).filter((at) => rows[at] !== rows[at - 1]);
    expectClose(
      once.latent.data,
      first.map((at) => many.latent.data[at]!),
      1e-8,
    );
  });

  test("separable classes stay finite, also in float32", async () => {
    const sides = Int32Array.from({ length: n }, (_, i) => (x.data[i * 3]! > 0 ? 1 : 0));
    for (const precision of ["float32", "float64"] as const) {
      const solution = await fit(sides, { classes: 2, ridge: 1e-6, maxSteps: 60 }, precision);
      expect(solution.coefficients.data.every(Number.isFinite)).toBe(true);
      expect(solution.latent.data.every((f, i) => f > 0 === (sides[i] === 1))).toBe(true);
      expect(solution.objective.at(-1)!).toBeLessThan(0.05 * solution.objective[0]!);
    }
  });

  test("float32 agrees with float64 to the precision of the kernel", async () => {
    const options = { classes: 2, ridge: 0.05, maxSteps: 30 };
    const single = await fit(binary, options, "float32");
    const double = await fit(binary, options, "float64");
    expectClose(single.latent.data, double.latent.data, 1e-4);
  });

  test("labels exchanged give latent values with the other sign", async () => {
    const one = await fit(binary, { classes: 2, ridge: 0.1 });
    const other = await fit(
      binary.map((label) => 1 - label),
      { classes: 2, ridge: 0.1 },
    );
    expectClose(
      other.latent.data,
      one.latent.data.map((f) => -f),
      1e-9,
    );
  });
});

describe("more classes, by the curvature bound", () => {
  test.each([true, false])("steps never raise the objective (accelerated: %s)", async (accelerated) => {
    const { objective: trace, steps } = await fit(ternary, {
      classes: 3,
      ridge: 0.01,
      weights,
      accelerated,
      maxSteps: 60,
    });
    expect(trace).toHaveLength(steps + 1);
    for (let step = 1; step < trace.length; step++)
      expect(trace[step]!).toBeLessThanOrEqual(trace[step - 1]! * (1 + 1e-12));
  });

  test("a step is −(½K + 2λI)⁻¹ of the gradient", async () => {
    const ridge = 0.2;
    const k = await kernelMatrix();
    const { coefficients } = await fit(ternary, { classes: 3, ridge, maxSteps: 1 });
    const system = filled(n, n, (i, j) => 0.5 * k.data[i * n + j]! + (i === j ? 2 * ridge : 0));
    const gradient = filled(n, 3, (i, c) => 1 / 3 - (ternary[i] === c ? 1 : 0));
    expectClose(
      coefficients.data,
      eliminate(system, gradient).data.map((value) => -value),
      1e-10,
    );
  });

  test("converges to the stationary point, the same with and without acceleration, in fewer steps with it", async () => {
    const options = {
      classes: 3,
      ridge: 0.02,
      weights,
      offsets: [0.2, -0.1, 0],
      tolerance: 1e-9,
      maxSteps: 5000,
    };
    const fast = await fit(ternary, options);
    const slow = await fit(ternary, { ...options, accelerated: false });
    expect(fast.outcome).toBe("converged");
    expect(slow.outcome).toBe("converged");
    expect(fast.steps).toBeLessThan(slow.steps);
    expect(fast.stationarity).toBeLessThan(1e-5);
    expectClose(fast.latent.data, slow.latent.data, 1e-4);
    expect(fast.objective.at(-1)).toBeCloseTo(
      objective(await kernelMatrix(), fast.coefficients, ternary, 0.02, weights, options.offsets),
      8,
    );
  });

  test("rows of the coefficients sum to 0", async () => {
    const { coefficients } = await fit(ternary, { classes: 3, ridge: 0.1 });
    for (let i = 0; i < n; i++)
      expect(
        coefficients.data[i * 3]! + coefficients.data[i * 3 + 1]! + coefficients.data[i * 3 + 2]!,
      ).toBeCloseTo(0, 10);
  });

  test("two classes with twice the λ equal Newton: f = F₁ − F₀", async () => {
    const newton = await fit(binary, { classes: 2, ridge: 0.1, offsets: [0.3, 0.1], maxSteps: 30 });
    const bound = await fit(binary, {
      classes: 2,
      ridge: 0.2,
      offsets: [0.3, 0.1],
      method: "bound",
      tolerance: 1e-10,
      maxSteps: 5000,
    });
    const difference = Array.from(
      { length: n },
      (_, i) => bound.latent.data[2 * i + 1]! - bound.latent.data[2 * i]!,
    );
    expectClose(difference, newton.latent.data, 1e-6);
    expectClose(
      logisticProbabilities(bound.latent, [0.3, 0.1]).data,
      logisticProbabilities(newton.latent, [0.3, 0.1]).data,
      1e-6,
    );
  });

  test("a class without rows gets small probabilities and finite coefficients", async () => {
    const solution = await fit(binary, { classes: 3, ridge: 0.1, weights });
    const p = logisticProbabilities(solution.latent);
    for (let i = 0; i < n; i++) expect(p.data[3 * i + 2]!).toBeLessThan(1 / 3);
    expect(solution.coefficients.data.every(Number.isFinite)).toBe(true);
  });

  test("float32 agrees with float64 to the precision of the kernel", async () => {
    const options = { classes: 3, ridge: 0.05 };
    expectClose(
      (await fit(ternary, options, "float32")).latent.data,
      (await fit(ternary, options, "float64")).latent.data,
      1e-3,
    );
  });
});

describe("stopping", () => {
  test("validation that stops improving ends the steps and gives back the best coefficients", async () => {
    const losses = [0.6, 0.4, 0.5, 0.1];
    const given: Matrix[] = [];
    const solution = await fit(binary, {
      classes: 2,
      ridge: 1e-4,
      validate: (coefficients) => {
        given.push(coefficients);
        return losses[given.length - 1]!;
      },
    });
    expect(solution.outcome).toBe("validated");
    expect(solution.steps).toBe(3);
    expect(solution.coefficients).toBe(given[1]);
  });

  test("too few steps are an outcome, not an error", async () => {
    expect(await fit(ternary, { classes: 3, ridge: 0.01, maxSteps: 2 })).toMatchObject({
      outcome: "out-of-steps",
      steps: 2,
    });
  });

  test("a matrix that is no kernel is an outcome, not an error", async () => {
    const indefinite = filled(n, n, (i, j) => (i === j ? 1 : i < 2 && j < 2 ? 3 : 0));
    expect((await fitKernelLogistic(engine, indefinite, ternary, { classes: 3, ridge: 1e-3 })).outcome).toBe(
      "not-positive-definite",
    );
  });

  test("a signal stops it", async () => {
    await expect(
      fit(binary, { classes: 2, ridge: 0.1, signal: AbortSignal.abort(new Error("enough")) }),
    ).rejects.toThrow("enough");
  });
});

test("wrong requests are refused by name", async () => {
  await expect(fit(ternary, { classes: 2, ridge: 0.1 })).rejects.toThrow("expected 0 … 1");
  await expect(fit(binary, { classes: 2, ridge: 0 })).rejects.toThrow("λ = 0");
  await expect(fit(ternary, { classes: 3, ridge: 1, method: "newton" })).rejects.toThrow(
    "newton is for 2 classes",
  );
  await expect(fit(binary, { classes: 2, ridge: 1, weights: new Float64Array(n) })).rejects.toThrow(
    "weight 0 is 0",
  );
  await expect(fit(binary.subarray(1), { classes: 2, ridge: 1 })).rejects.toThrow("39 labels for 40 rows");
});

test("probabilities of one latent column are σ(f), of several the softmax", () => {
  expectClose(logisticProbabilities(filled(1, 1, () => Math.log(3))).data, [0.25, 0.75], 1e-15);
  expectClose(
    logisticProbabilities(
      filled(1, 3, (_, j) => Math.log(j + 1)),
      [0, 0, Math.log(2)],
    ).data,
    [1 / 9, 2 / 9, 6 / 9],
    1e-15,
  );
  expect([...logisticProbabilities(filled(1, 1, () => -800)).data]).toEqual([1, 0]);
});
