import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, type Matrix, takeRows } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { diagnoseKernel, type KernelDiagnosis } from "../../src/solvers/index.ts";
import { eliminate, filled, gram, normals, product } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const n = 320;
const d = 4;
const x = normals(n + 200, d, 1);
const noise = normals(n + 200, 1, 2);
const target = (i: number): number =>
  Math.sin(x.data[i * d]!) + 0.5 * x.data[i * d + 1]! + 0.3 * noise.data[i]!;
const train = Int32Array.from({ length: n }, (_, i) => i);
const test200 = Int32Array.from({ length: 200 }, (_, i) => n + i);
const mean = train.reduce((sum, i) => sum + target(i) / n, 0);
const y = filled(n, 1, (i) => target(i) - mean);
const ridge = 0.2;

const kernelMatrix = (rows: Matrix): Promise<Matrix> =>
  gram(engine, { family: "laplace", bandwidth: 4, exponent: 1 }, rows);

let k: Matrix;
let cross: Matrix;
let diagnosis: KernelDiagnosis;
const testTargets = filled(200, 1, (i) => target(n + i) - mean);
beforeAll(async () => {
  const whole = await kernelMatrix(x);
  k = filled(n, n, (i, j) => whole.data[i * whole.cols + j]!);
  cross = filled(n, 200, (i, j) => whole.data[i * whole.cols + test200[j]!]!);
  diagnosis = await diagnoseKernel(engine, k, y, ridge, {
    at: [80, 160, 320, 640],
    test: { cross, y: testTargets },
  });
});

/** Coefficients by elimination. */
function solved(): Matrix<Float64Array> {
  return eliminate(
    filled(n, n, (i, j) => k.data[i * n + j]! + (i === j ? ridge : 0)),
    y,
  );
}

const square = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value ** 2, 0) / values.length;

describe("a diagnosis", () => {
  test("states the errors of the fit to all rows as direct solves do", () => {
    const coefficients = solved();
    const fitted = product(k, coefficients);
    const predicted = product(
      filled(200, n, (i, j) => cross.data[j * 200 + i]!),
      coefficients,
    );
    expect(diagnosis.rows).toBe(n);
    expect(diagnosis.variance).toBeCloseTo(square(y.data), 12);
    expect(diagnosis.trainError).toBeCloseTo(square(y.data.map((value, i) => value - fitted.data[i]!)), 10);
    expect(diagnosis.measured.at(-1)).toMatchObject({
      rows: n,
      parts: 1,
      leaveOneOutError: diagnosis.leaveOneOutError,
    });
    expect(diagnosis.measured.at(-1)!.testError).toBeCloseTo(
      square(testTargets.data.map((value, i) => value - predicted.data[i]!)),
      9,
    );
  });

  test("fits disjoint parts of an eighth, a quarter and a half of the rows", () => {
    expect(diagnosis.measured.map(({ rows, parts }) => [rows, parts])).toEqual([
      [40, 4],
      [80, 4],
      [160, 2],
      [320, 1],
    ]);
  });

  test("predicts what parts, left-out rows and test rows show, within what 200 rows can show", () => {
    for (const { rows, testError } of diagnosis.curve) {
      const part = diagnosis.measured.find((one) => one.rows === rows);
      if (!part) continue;
      expect(Math.abs(testError - part.leaveOneOutError)).toBeLessThan(
        3 * Math.hypot(part.standardError, diagnosis.standardError),
      );
      // 200 squared errors have a standard error of about 10 %.
      expect(Math.abs(part.testError! / testError - 1)).toBeLessThan(0.3);
    }
  });

  test("its curve passes through the leave-one-out error and falls, towards the noise", () => {
    const errors = diagnosis.curve.map(({ testError }) => testError);
    // Between nodes of the path of ridges it follows power laws.
    expect(errors[2]! / diagnosis.leaveOneOutError).toBeCloseTo(1, 2);
    expect(errors).toEqual(errors.toSorted((a, b) => b - a));
    expect(diagnosis.noiseAtMost).toBeGreaterThan(0.09 * 0.7);
    expect(errors[3]!).toBeGreaterThan(0.09 * 0.7);
  });

  test("kernel and ridge times s, targets times t: curves times t², nothing else", async () => {
    const [s, t] = [3, 2];
    const scaled = await diagnoseKernel(
      engine,
      filled(n, n, (i, j) => s * k.data[i * n + j]!),
      filled(n, 1, (i) => t * y.data[i]!),
      s * ridge,
      { at: [80, 640] },
    );
    const [first, last] = scaled.curve;
    expect(first!.testError / diagnosis.curve[0]!.testError).toBeCloseTo(t * t, 6);
    expect(last!.testError / diagnosis.curve[3]!.testError).toBeCloseTo(t * t, 6);
    expect(scaled.laws.decay).toBeCloseTo(diagnosis.laws.decay, 6);
    expect(scaled.overfitting.withRidge.noiseFactor).toBeCloseTo(
      diagnosis.overfitting.withRidge.noiseFactor,
      6,
    );
    expect(scaled.effectiveDimension).toBeCloseTo(diagnosis.effectiveDimension, 6);
  });

  test("a column twice counts twice", async () => {
    const both = await diagnoseKernel(
      engine,
      k,
      filled(n, 2, (i) => y.data[i]!),
      ridge,
      { at: [160] },
    );
    expect(both.variance).toBeCloseTo(2 * diagnosis.variance, 10);
    expect(both.curve[0]!.testError).toBeCloseTo(2 * diagnosis.curve[1]!.testError, 8);
  });
});

describe("its verdict", () => {
  test("the Laplace interpolant is tempered with a factor near its exponent; a large ridge makes it benign", async () => {
    const { withoutRidge } = diagnosis.overfitting;
    expect(withoutRidge.kind).toBe("tempered");
    expect(Math.abs(withoutRidge.noiseFactor / diagnosis.laws.decay - 1)).toBeLessThan(0.1);
    const { overfitting } = await diagnoseKernel(engine, k, y, 10);
    expect(overfitting.withRidge.kind).toBe("benign");
  });

  test("the Gaussian interpolant is catastrophic", async () => {
    const gaussian = await gram(engine, { family: "gaussian", bandwidth: 3 }, takeRows(x, train));
    const { overfitting, laws } = await diagnoseKernel(engine, gaussian, y, 1);
    expect(laws.amplitude).toBe(0); // its eigenvalues follow no power law
    expect(overfitting.withoutRidge.kind).toBe("catastrophic");
    expect(overfitting.withRidge.kind).not.toBe("catastrophic");
  });
});

describe("what cannot be diagnosed", () => {
  test.each([
    [
      "too few rows",
      () =>
        diagnoseKernel(
          engine,
          filled(39, 39, (i, j) => +(i === j)),
          normals(39, 1),
          1,
        ),
      /39 rows; at least 40/,
    ],
    ["a negative ridge", () => diagnoseKernel(engine, k, y, -1), /the ridge is -1/],
    [
      "targets that do not vary",
      () =>
        diagnoseKernel(
          engine,
          k,
          filled(n, 1, () => 0),
          1,
        ),
      /nothing to learn/,
    ],
    ["sizes that disagree", () => diagnoseKernel(engine, k, normals(n - 1, 1), 1), /319 rows, expected 320/],
    [
      "test rows of another kernel matrix",
      () => diagnoseKernel(engine, k, y, 1, { test: { cross: normals(3, 3), y: normals(3, 1) } }),
      /test\.cross is 3 × 3/,
    ],
  ])("%s: refused in a line that says why", async (_, run, message) => {
    await expect(run()).rejects.toThrow(message);
  });

  test("an abort stops it", async () => {
    await expect(diagnoseKernel(engine, k, y, 1, { signal: AbortSignal.abort() })).rejects.toThrow();
  });
});

describe("nothing is NaN, whatever the kernel matrix", () => {
  const rows = 64;
  const z = normals(rows, 2, 3);
  const clusters = (count: number) => filled(rows, rows, (i, j) => (i % count === j % count ? 1 : 0.2));
  test.each([
    ["all ones", filled(rows, rows, () => 1)],
    ["the identity", filled(rows, rows, (i, j) => +(i === j))],
    ["three clusters of equal rows", clusters(3)],
    ["rows that occur twice", clusters(rows / 2)],
    ["a line", filled(rows, rows, (i, j) => z.data[2 * i]! * z.data[2 * j]!)],
    ["one row far larger", filled(rows, rows, (i, j) => (i === 0 && j === 0 ? 1e12 : +(i === j)))],
    ["all alike to the last digits", filled(rows, rows, (i, j) => 1 + (i === j ? 1e-14 : 0))],
    ["tiny units", filled(rows, rows, (i, j) => 1e-30 * Math.exp(-Math.abs(i - j)))],
  ])("%s", async (_, matrix) => {
    for (const targets of [
      normals(rows, 1, 4),
      filled(rows, 1, (i) => (i % 3) - 1),
      filled(rows, 1, (i) => (i < 1 ? 63 : -1)),
    ])
      for (const lambda of [0, 1e-8, 1]) {
        const found = await diagnoseKernel(engine, matrix, targets, lambda);
        const numbers: number[] = [];
        JSON.stringify(found, (_key, value: unknown) => {
          if (typeof value === "number") numbers.push(value);
          return value;
        });
        // Exponents and factors may be infinite, but nothing is undefined.
        expect(numbers.filter(Number.isNaN)).toEqual([]);
        for (const { testError } of found.curve) expect(testError).toBeGreaterThanOrEqual(0);
      }
  });
});
