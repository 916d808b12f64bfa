import { describe, expect, test } from "vitest";
import { extremeEigenvalues, type Matrix, spectralNorm } from "../../src/linalg/index.ts";
import { filled, normals, product } from "../contracts/data.ts";

const times =
  (a: Matrix) =>
  (v: Float64Array): Float64Array =>
    Float64Array.from({ length: a.rows }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < a.cols; j++) sum += a.data[i * a.cols + j]! * v[j]!;
      return sum;
    });

/** G + Gᵀ: a spectrum nearly symmetric about 0. */
const g = normals(60, 60, 1);
const symmetric = filled(60, 60, (i, j) => g.data[i * 60 + j]! + g.data[j * 60 + i]!);

describe("the spectral norm", () => {
  test("is the larger end of the spectrum in absolute value, whatever its sign", async () => {
    const { norm } = await extremeEigenvalues(times(symmetric), 60);
    const negative = filled(60, 60, (i, j) => -symmetric.data[i * 60 + j]!);
    for (const a of [symmetric, negative]) {
      const found = await spectralNorm(times(a), 60, { tolerance: 1e-9 });
      expect(found.outcome).toBe("converged");
      expect(Math.abs(found.value / norm - 1)).toBeLessThan(1e-12);
    }
  });

  test("is more exact than its tolerance, and from below", async () => {
    const { norm } = await extremeEigenvalues(times(symmetric), 60);
    const { value, error } = await spectralNorm(times(symmetric), 60);
    expect(error).toBeLessThanOrEqual(1e-2 * value);
    expect(value).toBeLessThanOrEqual(norm * (1 + 1e-14));
    expect(value).toBeGreaterThan(norm * (1 - 1e-3));
  });

  test("does not suffer from many more steps than dimensions", async () => {
    const a = filled(12, 12, (i, j) => (i === j ? (i % 2 === 0 ? 1 : -1) * 2 ** -i : 0));
    const found = await spectralNorm(times(a), 12, { tolerance: 0, steps: 200 });
    expect(found.value).toBeCloseTo(1, 13);
  });

  test("of a matrix of rank one, of zero, and of one number are exact", async () => {
    const u = normals(9, 1, 2);
    const squares = u.data.reduce((sum, value) => sum + value ** 2, 0);
    const rankOne = product(u, { ...u, rows: 1, cols: 9 });
    expect((await spectralNorm(times(rankOne), 9)).value).toBeCloseTo(squares, 12);
    expect(await spectralNorm(() => new Float64Array(5), 5)).toMatchObject({
      value: 0,
      outcome: "converged",
    });
    expect((await spectralNorm((v) => v.map((value) => -3 * value), 1)).value).toBe(3);
  });

  test("says when it ran out of steps", async () => {
    const { outcome, steps } = await spectralNorm(times(symmetric), 60, { tolerance: 1e-12, steps: 5 });
    expect([outcome, steps]).toEqual(["out-of-steps", 5]);
  });

  test("refuses products of another length, and ones that are not finite", async () => {
    await expect(spectralNorm(() => new Float64Array(3), 4)).rejects.toThrow("3 entries, expected 4");
    await expect(spectralNorm((v) => v.map(() => NaN), 4)).rejects.toThrow("not finite");
    await expect(spectralNorm(times(symmetric), 0)).rejects.toThrow("dimension");
    const { signal } = { signal: AbortSignal.abort(new Error("enough")) };
    await expect(spectralNorm(times(symmetric), 60, { signal })).rejects.toThrow("enough");
  });
});
