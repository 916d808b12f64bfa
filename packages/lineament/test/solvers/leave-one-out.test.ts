import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, type Matrix, takeRows } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { chooseRidge, leaveOneOut, RIDGE_PATH, ridgeSpectrum, RidgeSystem } from "../../src/solvers/index.ts";
import { eliminate, expectClose, filled, gram, normals, product } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const n = 24;
const x = normals(n, 3, 1);
const y = filled(
  n,
  2,
  (i, l) => Math.sin(x.data[i * 3]!) + (l === 0 ? x.data[i * 3 + 1]! : 0.3 * x.data[i * 3 + 2]! ** 2),
);
const someWeights = Float64Array.from({ length: n }, (_, i) => 0.25 + (i % 5));
const kernelMatrix = (): Promise<Matrix> => gram(engine, { family: "laplace", bandwidth: 3, exponent: 1 }, x);

/** y_i − f⁽⁻ⁱ⁾(x_i) by n refits. */
function refits(k: Matrix, ridge: number, weights?: Float64Array): Matrix<Float64Array> {
  const rows = Array.from({ length: n }, (_, left) => {
    const kept = Array.from({ length: n }, (__, i) => i).filter((i) => i !== left);
    const system = filled(
      n - 1,
      n - 1,
      (a, b) => k.data[kept[a]! * n + kept[b]!]! + (a === b ? ridge / (weights?.[kept[a]!] ?? 1) : 0),
    );
    const a = eliminate(system, takeRows(y, kept));
    const row = filled(1, n - 1, (_i, b) => k.data[left * n + kept[b]!]!);
    const f = product(row, a);
    return [y.data[left * 2]! - f.data[0]!, y.data[left * 2 + 1]! - f.data[1]!];
  });
  return filled(n, 2, (i, l) => rows[i]![l]!);
}

describe.each([
  ["without weights", undefined],
  ["with weights", someWeights],
])("%s", (_, weights) => {
  test.each([1e-3, 0.1, 10])("leave-one-out residuals at λ = %d equal n refits", async (ridge) => {
    const k = await kernelMatrix();
    const [one] = await leaveOneOut(engine, await ridgeSpectrum(engine, k, y, weights), [ridge]);
    const expected = refits(k, ridge, weights);
    expectClose(one!.residuals.data, expected.data, 1e-9);
    let error = 0;
    let total = 0;
    for (let i = 0; i < n; i++) {
      total += weights?.[i] ?? 1;
      for (let l = 0; l < 2; l++) error += (weights?.[i] ?? 1) * expected.data[i * 2 + l]! ** 2;
    }
    expect(one!.leaveOneOutError).toBeCloseTo(error / total, 8);
  });

  test("a path gives what its ridges give one by one, and the coefficients of a direct solve", async () => {
    const k = await kernelMatrix();
    const spectrum = await ridgeSpectrum(engine, k, y, weights);
    const ridges = [1e-4, 1e-2, 1];
    const path = await leaveOneOut(engine, spectrum, ridges);
    expect(path.map(({ ridge }) => ridge)).toEqual(ridges);
    for (const one of path) {
      const [alone] = await leaveOneOut(engine, spectrum, [one.ridge]);
      expectClose(alone!.residuals.data, one.residuals.data, 1e-12);
      const system = filled(
        n,
        n,
        (i, j) => k.data[i * n + j]! + (i === j ? one.ridge / (weights?.[i] ?? 1) : 0),
      );
      expectClose(one.coefficients.data, eliminate(system, y).data, 1e-8);
    }
  });

  test("the effective dimension is the trace of the hat matrix and falls from n to 0", async () => {
    const k = await kernelMatrix();
    const path = await leaveOneOut(engine, await ridgeSpectrum(engine, k, y, weights), [1e-9, 0.1, 1e9]);
    const system = filled(n, n, (i, j) => k.data[i * n + j]! + (i === j ? 0.1 / (weights?.[i] ?? 1) : 0));
    const hat = eliminate(system, k);
    let trace = 0;
    for (let i = 0; i < n; i++) trace += hat.data[i * n + i]!;
    expect(path[1]!.effectiveDimension).toBeCloseTo(trace, 8);
    expect(path[0]!.effectiveDimension).toBeCloseTo(n, 4);
    expect(path[2]!.effectiveDimension).toBeCloseTo(0, 4);
  });

  test("generalized cross-validation is the training error over (1 − d_eff/n)²", async () => {
    const k = await kernelMatrix();
    const [one] = await leaveOneOut(engine, await ridgeSpectrum(engine, k, y, weights), [0.05]);
    const fitted = product(k, one!.coefficients);
    let error = 0;
    let total = 0;
    for (let i = 0; i < n; i++) {
      total += weights?.[i] ?? 1;
      for (let l = 0; l < 2; l++)
        error += (weights?.[i] ?? 1) * (y.data[i * 2 + l]! - fitted.data[i * 2 + l]!) ** 2;
    }
    expect(one!.generalizedCrossValidation).toBeCloseTo(
      error / total / (1 - one!.effectiveDimension / n) ** 2,
      10,
    );
  });

  test("the noise factor is the leave-one-out error over targets 1/√w_j e_j, and 1/C_ii the variance of a left-out row", async () => {
    const ridge = 0.3;
    const k = await kernelMatrix();
    const noise = filled(n, n, (i, j) => (i === j ? 1 / Math.sqrt(weights?.[i] ?? 1) : 0));
    const [one] = await leaveOneOut(engine, await ridgeSpectrum(engine, k, noise, weights), [ridge]);
    const total = weights?.reduce((sum, weight) => sum + weight, 0) ?? n;
    expect(one!.noiseFactor).toBeCloseTo((one!.leaveOneOutError * total) / n, 10);
    let variance = 0;
    for (let left = 0; left < n; left++) {
      const kept = Array.from({ length: n }, (_, i) => i).filter((i) => i !== left);
      const weight = (i: number): number => weights?.[i] ?? 1;
      const system = filled(
        n - 1,
        n - 1,
        (a, b) => k.data[kept[a]! * n + kept[b]!]! + (a === b ? ridge / weight(kept[a]!) : 0),
      );
      const cross = filled(n - 1, 1, (a) => k.data[kept[a]! * n + left]!);
      const explained = eliminate(system, cross).data.reduce((sum, v, a) => sum + v * cross.data[a]!, 0);
      variance += (weight(left) * (k.data[left * n + left]! + ridge / weight(left) - explained)) / n;
    }
    expect(one!.leftOutVariance).toBeCloseTo(variance, 9);
  });

  test("one ridge agrees with A / C_ii of the ridge system", async () => {
    const ridge = 0.02;
    const [one] = await leaveOneOut(engine, await ridgeSpectrum(engine, await kernelMatrix(), y, weights), [
      ridge,
    ]);
    const system = new RidgeSystem(engine, await kernelMatrix());
    await system.factor(weights ? weights.map((w) => ridge / w) : ridge);
    const { coefficients } = await system.solve(y);
    const inverse = await system.inverseDiagonal();
    expectClose(
      one!.residuals.data,
      coefficients.data.map((a, at) => a / inverse[at >> 1]!),
      1e-9,
    );
  });
});

describe("the choice of λ", () => {
  test("takes the least leave-one-out error of the path", async () => {
    const { ridge, chosen, path } = await chooseRidge(engine, await kernelMatrix(), y);
    expect(path.map((one) => one.ridge)).toEqual(RIDGE_PATH);
    expect(chosen.leaveOneOutError).toBe(Math.min(...path.map((one) => one.leaveOneOutError)));
    expect(chosen.ridge).toBe(ridge);
  });

  test("is large for noise and small for a smooth target without noise", async () => {
    const k = await kernelMatrix();
    const noise = await chooseRidge(engine, k, normals(n, 1, 9));
    const smooth = await chooseRidge(
      engine,
      k,
      filled(n, 1, (i) => x.data[i * 3]!),
    );
    expect(noise.ridge).toBeGreaterThanOrEqual(1);
    expect(smooth.ridge).toBeLessThan(0.1);
  });

  test("can go by generalized cross-validation", async () => {
    const { chosen, path } = await chooseRidge(engine, await kernelMatrix(), y, {
      criterion: "generalized-cross-validation",
    });
    expect(chosen.generalizedCrossValidation).toBe(
      Math.min(...path.map((one) => one.generalizedCrossValidation)),
    );
  });

  test("survives duplicate rows, and takes float32 kernels", async () => {
    const doubled = filled(2 * n, 3, (i, j) => x.data[(i % n) * 3 + j]!);
    const targets = filled(2 * n, 2, (i, l) => y.data[(i % n) * 2 + l]! + (i < n ? 0.1 : -0.1));
    const k = await gram(engine, { family: "laplace", bandwidth: 3, exponent: 1 }, doubled, "float32");
    const { chosen } = await chooseRidge(engine, k, targets);
    expect(Number.isFinite(chosen.leaveOneOutError)).toBe(true);
    expect(chosen.residuals.data.every(Number.isFinite)).toBe(true);
  });
});

test("wrong sizes, weights and ridges are refused by name", async () => {
  const k = await kernelMatrix();
  await expect(ridgeSpectrum(engine, k, normals(3, 1))).rejects.toThrow("y has 3 rows, expected 24");
  await expect(ridgeSpectrum(engine, k, y, new Float64Array(n))).rejects.toThrow("weight 0 is 0");
  await expect(ridgeSpectrum(engine, k, y, new Float64Array(2).fill(1))).rejects.toThrow(
    "2 weights for 24 rows",
  );
  await expect(leaveOneOut(engine, await ridgeSpectrum(engine, k, y), [-1])).rejects.toThrow("λ = -1");
  await expect(chooseRidge(engine, k, y, { ridges: [] })).rejects.toThrow("no λ of the path");
});

test("the kernel matrix is left as it was", async () => {
  const k = await kernelMatrix();
  const before = k.data.slice();
  await chooseRidge(engine, k, y, { weights: someWeights });
  expect(k.data).toEqual(before);
});
