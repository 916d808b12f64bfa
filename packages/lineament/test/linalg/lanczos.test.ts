import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  extremeEigenvalues,
  hutchinsonTrace,
  lanczos,
  type Matrix,
  ritzPairs,
  spectralDensity,
  symmetricProduct,
  type SymmetricProduct,
} from "../../src/linalg/index.ts";
import { eigenSymmetric } from "../../src/linalg/plain/decompositions.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { expectClose, filled, largestDifference, normals, product } from "../contracts/data.ts";

const diagonal =
  (values: ArrayLike<number>): SymmetricProduct =>
  (v) =>
    v.map((value, i) => value * values[i]!);

const multiply =
  (a: Matrix): SymmetricProduct =>
  (v) =>
    product(a, { data: v, rows: v.length, cols: 1 }).data;

/** A symmetric matrix with eigenvalues of both signs. */
function symmetric(n: number, seed: number): Matrix<Float64Array> {
  const root = normals(n, n, seed);
  return filled(n, n, (i, j) => root.data[i * n + j]! + root.data[j * n + i]!);
}

describe("Lanczos", () => {
  const n = 60;
  const a = symmetric(n, 1);

  test("keeps A Q = Q T + remainder with orthonormal Q", async () => {
    const m = 25;
    const { alpha, beta, remainder, basis } = await lanczos(multiply(a), n, { steps: m, seed: 3 });
    expect([alpha.length, beta.length, basis.length]).toEqual([m, m - 1, m]);
    const q = filled(n, m, (i, j) => basis[j]![i]!);
    const transposed = filled(m, n, (j, i) => basis[j]![i]!);
    expectClose(product(transposed, q).data, filled(m, m, (i, j) => (i === j ? 1 : 0)).data, 1e-14);
    const t = filled(m, m, (i, j) =>
      i === j ? alpha[i]! : Math.abs(i - j) === 1 ? beta[Math.min(i, j)]! : 0,
    );
    const image = product(a, q);
    const known = product(q, t);
    // All columns but the last agree; the last misses by the remainder.
    let missing = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < m; j++) {
        const difference = image.data[i * m + j]! - known.data[i * m + j]!;
        if (j < m - 1) expect(Math.abs(difference)).toBeLessThan(1e-12);
        else missing += difference ** 2;
      }
    expect(Math.sqrt(missing)).toBeCloseTo(remainder, 10);
  });

  test("with as many steps as dimensions finds the whole spectrum", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer(), async (size, seed) => {
        const b = symmetric(size, seed);
        const { values } = ritzPairs(await lanczos(multiply(b), size, { seed: seed + 1 }));
        expectClose(values, eigenSymmetric(b).values, 1e-10);
      }),
      { numRuns: 30 },
    );
  });

  test("stays orthogonal where the plain recurrence loses it: one large eigenvalue, hundreds of steps", async () => {
    const values = Float64Array.from({ length: 400 }, (_, i) => (i === 0 ? 1e6 : i / 400));
    const { basis } = await lanczos(diagonal(values), 400, { steps: 200 });
    let worst = 0;
    for (let i = 0; i < 200; i++)
      for (let j = 0; j < i; j++) {
        let sum = 0;
        for (let k = 0; k < 400; k++) sum += basis[i]![k]! * basis[j]![k]!;
        worst = Math.max(worst, Math.abs(sum));
      }
    expect(worst).toBeLessThan(1e-14);
  });

  test("ends when the basis is invariant: as many steps as distinct eigenvalues", async () => {
    const values = Float64Array.from({ length: 30 }, (_, i) => [1, 2, 5][i % 3]!);
    const found = await lanczos(diagonal(values), 30);
    expect(found.basis.length).toBe(3);
    expect(found.remainder).toBe(0);
    expectClose(ritzPairs(found).values, [1, 2, 5], 1e-13);
    expect((await lanczos(diagonal(new Float64Array(30)), 30)).alpha).toEqual(Float64Array.of(0));
  });

  test("finds the same spectrum in any unit", async () => {
    const { values } = eigenSymmetric(a);
    for (const unit of [1e-290, 1e-150, 1e150, 1e290]) {
      const scaled = { ...a, data: a.data.map((value) => unit * value) };
      const found = ritzPairs(await lanczos(multiply(scaled), n));
      expectClose(
        found.values.map((value) => value / unit),
        values,
        1e-12,
      );
    }
  });

  test("starts where it is told, and gives the same numbers for the same seed", async () => {
    const start = Float64Array.from({ length: n }, (_, i) => i);
    const before = start.slice();
    const { basis } = await lanczos(multiply(a), n, { start, steps: 2 });
    const length = Math.hypot(...start);
    expectClose(
      basis[0]!,
      start.map((value) => value / length),
      1e-15,
    );
    expect(start).toEqual(before);
    const run = () => lanczos(multiply(a), n, { steps: 5, seed: 8 });
    expect(await run()).toEqual(await run());
  });

  test("accepts a product that reuses its buffer, or answers later", async () => {
    const buffer = new Float64Array(n);
    const reusing: SymmetricProduct = async (v) => {
      buffer.set(product(a, { data: v, rows: n, cols: 1 }).data);
      return buffer;
    };
    expect(await lanczos(reusing, n, { steps: 6 })).toEqual(await lanczos(multiply(a), n, { steps: 6 }));
  });

  test("refuses a dimension of 0, no steps, start vectors and products that do not fit", async () => {
    await expect(lanczos(multiply(a), 0)).rejects.toThrow(RangeError);
    await expect(lanczos(multiply(a), n, { steps: 0 })).rejects.toThrow("lanczos: steps is 0");
    await expect(lanczos(multiply(a), n, { steps: 1.5 })).rejects.toThrow(RangeError);
    await expect(lanczos(multiply(a), n, { start: new Float64Array(n) })).rejects.toThrow("norm 0");
    await expect(lanczos(multiply(a), n, { start: new Float64Array(3).fill(1) })).rejects.toThrow(
      "3 entries, expected 60",
    );
    await expect(lanczos(() => new Float64Array(2), n)).rejects.toThrow("2 entries, expected 60");
    await expect(lanczos((v) => v.fill(NaN), n)).rejects.toThrow("not finite");
    await expect(lanczos(multiply(a), n, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
  });
});

describe("extreme eigenvalues", () => {
  test("agree with the full decomposition, to the error they state", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 80 }), fc.integer(), async (n, seed) => {
        const a = symmetric(n, seed);
        const { values } = eigenSymmetric(a);
        const found = await extremeEigenvalues(multiply(a), n, { seed: seed + 1 });
        expect(found.outcome).toBe("converged");
        expect(Math.abs(found.smallest - values[0]!)).toBeLessThan(1e-9 * found.norm);
        expect(Math.abs(found.largest - values[n - 1]!)).toBeLessThan(1e-9 * found.norm);
        expect(found.norm).toBe(Math.max(Math.abs(found.smallest), Math.abs(found.largest)));
      }),
      { numRuns: 30 },
    );
  });

  test("need few steps where the largest eigenvalue stands alone", async () => {
    const values = Float64Array.from({ length: 2000 }, (_, i) => 100 * 0.9 ** i);
    const { largest, steps, error } = await extremeEigenvalues(diagonal(values), 2000, {
      end: "largest",
      tolerance: 1e-12,
    });
    expect(steps).toBeLessThan(40);
    // Residual bounds are pessimistic: the eigenvalue itself is better by the square.
    expect(error.largest).toBeLessThan(1e-10);
    expect(largest).toBeCloseTo(100, 11);
  });

  test("say when the steps do not suffice, and by how much at most they err", async () => {
    const values = Float64Array.from({ length: 500 }, (_, i) => i);
    const found = await extremeEigenvalues(diagonal(values), 500, { steps: 10 });
    expect(found.outcome).toBe("out-of-steps");
    expect(found.steps).toBe(10);
    const nearest = (value: number): number => Math.abs(value - Math.round(value));
    expect(nearest(found.largest)).toBeLessThanOrEqual(found.error.largest);
    expect(nearest(found.smallest)).toBeLessThanOrEqual(found.error.smallest);
    expect(found.largest).toBeLessThanOrEqual(499);
  });

  test("of zero are zero", async () => {
    const found = await extremeEigenvalues(diagonal(new Float64Array(9)), 9);
    expect(found).toMatchObject({ smallest: 0, largest: 0, norm: 0, outcome: "converged" });
  });
});

describe("the spectral density", () => {
  const n = 400;

  test("has the moments of the spectrum", async () => {
    const a = symmetric(n / 4, 5);
    const { values: eigenvalues } = eigenSymmetric(a);
    const { values, weights } = await spectralDensity(multiply(a), n / 4, { probes: 40, seed: 2 });
    const moment = (power: number): number =>
      weights.reduce((sum, weight, i) => sum + weight * values[i]! ** power, 0);
    expect(moment(0)).toBeCloseTo(1, 12);
    for (const power of [1, 2, 4]) {
      const exact = eigenvalues.reduce((sum, value) => sum + value ** power, 0) / eigenvalues.length;
      const spread = Math.sqrt(eigenvalues.reduce((sum, value) => sum + value ** (2 * power), 0) / (n / 4));
      // Five standard errors of the Hutchinson mean, variance ≤ 2 tr A^{2p} / n² a probe.
      expect(Math.abs(moment(power) - exact)).toBeLessThan(5 * spread * Math.sqrt(2 / (n / 4) / 40));
    }
  });

  test("is exact for a few distinct eigenvalues of a diagonal matrix", async () => {
    const levels = [-1, 0, 3, 7];
    const counts = new Map(levels.map((level, i) => [level, (i + 1) * 40]));
    const spectrum = levels.flatMap((level) => Array.from({ length: counts.get(level)! }, () => level));
    const { values, weights } = await spectralDensity(diagonal(spectrum), n, { probes: 3 });
    for (const [level, count] of counts) {
      const near = weights.filter((_, i) => Math.abs(values[i]! - level) < 1e-9);
      expect(near.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(count / n, 12);
    }
  });

  test("integrates to 1 on its grid", async () => {
    const { grid, density, width } = await spectralDensity(multiply(symmetric(50, 7)), 50, { width: 2 });
    expect(width).toBe(2);
    const step = grid[1]! - grid[0]!;
    // The grid cuts the outer Gaussian tails at four widths.
    expect(density.reduce((sum, value) => sum + value * step, 0)).toBeCloseTo(1, 4);
  });

  test("of a random symmetric matrix follows the semicircle", async () => {
    const [size, probes] = [300, 4];
    const { values, weights } = await spectralDensity(multiply(symmetric(size, 6)), size, { probes });
    const radius = Math.sqrt(8 * size); // entries off the diagonal have variance 2
    let below = 0;
    values.forEach((value, i) => {
      const x = Math.max(-1, Math.min(1, value / radius));
      const semicircle = 0.5 + (x * Math.sqrt(1 - x * x) + Math.asin(x)) / Math.PI;
      // Four standard errors of the mass below x: √(2 p (1 − p) / (size probes)), p = ½.
      expect(Math.abs(below + weights[i]! / 2 - semicircle)).toBeLessThan(
        4 * Math.sqrt(0.5 / (size * probes)),
      );
      below += weights[i]!;
    });
  });

  test("of one repeated eigenvalue is one bump of a finite width", async () => {
    for (const value of [0, -3]) {
      const { values, weights, width, density } = await spectralDensity(
        diagonal(new Float64Array(20).fill(value)),
        20,
        { probes: 1 },
      );
      expect([...values]).toEqual([expect.closeTo(value, 14)]);
      expect(weights[0]).toBeCloseTo(1, 14);
      expect(width).toBeGreaterThan(0);
      expect(density.every(Number.isFinite)).toBe(true);
    }
  });

  test("refuses what makes no density", async () => {
    const identity: SymmetricProduct = (v) => v;
    await expect(spectralDensity(identity, 5, { probes: 0 })).rejects.toThrow("probes is 0");
    await expect(spectralDensity(identity, 5, { width: 0 })).rejects.toThrow("width is 0");
    await expect(spectralDensity(identity, 5, { points: 1 })).rejects.toThrow(RangeError);
    await expect(spectralDensity(identity, 0)).rejects.toThrow("dimension is 0");
  });
});

describe("Hutchinson's trace", () => {
  test("is exact for diagonal matrices", async () => {
    const { trace, standardError } = await hutchinsonTrace(diagonal([1, -2, 5]), 3, { probes: 4 });
    expect(trace).toBeCloseTo(4, 14);
    expect(standardError).toBeCloseTo(0, 14);
  });

  test("is within its standard error, which is √(2 Σ_{i≠j} A_ij² / probes)", async () => {
    const n = 50;
    const a = symmetric(n, 9);
    let exact = 0;
    let off = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        if (i === j) exact += a.data[i * n + j]!;
        else off += a.data[i * n + j]! ** 2;
      }
    const probes = 500;
    const { trace, standardError } = await hutchinsonTrace(multiply(a), n, { probes, seed: 1 });
    expect(Math.abs(trace - exact)).toBeLessThan(4 * standardError);
    // The spread of 500 probes is known to about 1 / √1000; five of that.
    expect(standardError / Math.sqrt((2 * off) / probes)).toBeGreaterThan(0.84);
    expect(standardError / Math.sqrt((2 * off) / probes)).toBeLessThan(1.16);
  });

  test("refuses a single probe, and products that do not fit", async () => {
    await expect(hutchinsonTrace((v) => v, 3, { probes: 1 })).rejects.toThrow("expected a whole number ≥ 2");
    await expect(hutchinsonTrace(() => new Float64Array(2), 3)).rejects.toThrow("2 entries, expected 3");
    await expect(hutchinsonTrace(() => new Float64Array(3).fill(NaN), 3)).rejects.toThrow("not finite");
  });
});

test("a stored symmetric matrix is a product, in either precision", async () => {
  const engine = plainEngine();
  const a = symmetric(12, 4);
  const v = normals(12, 1, 5).data;
  expectClose(await symmetricProduct(engine, a)(v), multiply(a)(v) as Float64Array, 1e-14);
  const single = { ...a, data: Float32Array.from(a.data) };
  const rounded = await symmetricProduct(engine, single)(v);
  expect(largestDifference(rounded, multiply(a)(v) as Float64Array)).toBeLessThan(1e-5);
  expect(() => symmetricProduct(engine, normals(3, 4))).toThrow("3 × 4, expected a square one");
});
