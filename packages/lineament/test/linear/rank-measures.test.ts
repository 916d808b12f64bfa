import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { zeros } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  balancedFactors,
  distanceToRank,
  effectiveRank,
  factorizationNorm,
  infimalRank,
  nuclearNorm,
  rankMeasures,
  schattenNorm,
  stableRank,
} from "../../src/linear/index.ts";
import { filled, normals, product } from "../contracts/data.ts";
import { expectWithin, type Rows, vector } from "./vectors.ts";

const engine = plainEngine();
const spectrum = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 8 });

describe("the effective rank", () => {
  test("is that of LN-V13", async () => {
    const { inputs, expected, tol } = vector<{ matrices: readonly Rows[] }, number[]>("LN-V13");
    for (const [i, matrix] of inputs.matrices.entries())
      expectWithin((await rankMeasures(engine, matrix)).effectiveRank, expected[i]!, tol);
  });

  test("is between 1 and the rank, and does not change with scale or order", () => {
    fc.assert(
      fc.property(spectrum, (values) => {
        const rank = values.filter((sigma) => sigma > 0).length;
        const erank = effectiveRank(values);
        if (rank === 0) expect(erank).toBe(0);
        else {
          expect(erank).toBeGreaterThanOrEqual(1 - 1e-12);
          expect(erank).toBeLessThanOrEqual(rank * (1 + 1e-12));
        }
        expect(effectiveRank(values.map((sigma) => 3e150 * sigma).toReversed())).toBeCloseTo(erank, 9);
      }),
    );
  });
});

describe("other measures", () => {
  test("the stable rank is at most the rank", () => {
    expect(stableRank([2, 2, 2])).toBe(3);
    expect(stableRank([10, 1])).toBeCloseTo(1.01, 14);
    expect(stableRank([0, 0])).toBe(0);
  });

  test("Schatten norms include nuclear, Frobenius and spectral ones", () => {
    expect(schattenNorm([3, 4], 1)).toBe(7);
    expect(schattenNorm([3, 4], 2)).toBeCloseTo(5, 14);
    expect(schattenNorm([3, 4], Infinity)).toBe(4);
    expect(schattenNorm([1, 1], 0.5)).toBeCloseTo(4, 14);
    expect(schattenNorm([1e200, 1e200], 2)).toBeCloseTo(Math.SQRT2 * 1e200, -187);
    expect(nuclearNorm([3, 4])).toBe(7);
  });

  test("the distance to low rank is the norm of what is left out, the distance of the truncated matrix", async () => {
    expect(distanceToRank([1, 3, 4], 0)).toBeCloseTo(Math.sqrt(26), 14);
    expect(distanceToRank([1, 3, 4], 1)).toBeCloseTo(Math.sqrt(10), 14);
    expect(distanceToRank([1, 3, 4], 3)).toBe(0);
    expect(distanceToRank([1, 3, 4], 9)).toBe(0);
    const a = normals(4, 3, 1);
    const { u, values, vt } = await engine.singularValues(a);
    const truncated = filled(4, 3, (i, j) => values[0]! * u.data[i * 3]! * vt.data[j]!);
    const rest = Math.hypot(...a.data.map((x, at) => x - truncated.data[at]!));
    expect(distanceToRank(values, 1)).toBeCloseTo(rest, 12);
  });

  test("the infimal rank of [[x, 1], [1, 0]], x → ∞, is 1 though all have rank 2", async () => {
    const spectra = await Promise.all(
      [1, 10, 100, 1e4].map(
        async (x) => (await engine.singularValues(filled(2, 2, (i, j) => [x, 1, 1, 0][2 * i + j]!))).values,
      ),
    );
    expect(infimalRank(spectra, 1e-3)).toBe(1);
    expect(infimalRank(spectra.slice(0, 2), 1e-3)).toBe(2);
    expect(infimalRank([[0, 0]], 1e-3)).toBe(0);
  });

  test("of a matrix are those of its singular values, with the rank up to rounding", async () => {
    const a = product(normals(6, 2, 1), normals(2, 5, 2));
    const measures = await rankMeasures(engine, a);
    expect(measures.rank).toBe(2);
    expect(measures.frobeniusNorm).toBeCloseTo(Math.hypot(...a.data), 12);
    expect(measures.nuclearNorm).toBeGreaterThan(measures.frobeniusNorm);
    expect(measures.frobeniusNorm).toBeGreaterThan(measures.spectralNorm);
    const none = await rankMeasures(engine, zeros(2, 3));
    expect(none).toMatchObject({ rank: 0, effectiveRank: 0, stableRank: 0, nuclearNorm: 0, spectralNorm: 0 });
  });
});

describe("the factorization norm", () => {
  test("is that of LN-V24", () => {
    const { inputs, expected, tol } = vector<{ singularValues: number[]; n: number[] }, number[]>("LN-V24");
    expectWithin(
      inputs.n.map((depth) => factorizationNorm(inputs.singularValues, depth)),
      expected,
      tol,
    );
  });

  test("is that of balanced factors, and others are larger", async () => {
    const a = normals(3, 3, 5);
    const { singularValues } = await rankMeasures(engine, a);
    for (const depth of [2, 3, 4]) {
      const least = factorizationNorm(singularValues, depth);
      const factors = await balancedFactors(engine, a, { depth, seed: 1 });
      const size = (all: readonly { data: Float64Array }[]): number =>
        all.reduce((sum, { data }) => sum + data.reduce((total, x) => total + x * x, 0), 0);
      expect(size(factors)).toBeCloseTo(least, 11);
      // Q W_1 and W_2 Q⁻¹ with Q = diag(2, 1, 1/3).
      const q = [2, 1, 1 / 3];
      const other = factors.map((w, j) =>
        j === 0
          ? filled(3, 3, (i, k) => q[i]! * w.data[i * 3 + k]!)
          : j === 1
            ? filled(3, 3, (i, k) => w.data[i * 3 + k]! / q[k]!)
            : w,
      );
      expect(size(other)).toBeGreaterThan(least);
    }
  });
});

describe("what makes no sense is refused:", () => {
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    ["a negative value", () => effectiveRank([1, -1]), "singularValues[1] is -1"],
    ["NaN", () => stableRank([NaN]), "singularValues[0] is NaN"],
    ["p = 0", () => schattenNorm([1], 0), "p is 0"],
    ["a rank of −1", () => distanceToRank([1], -1), "r is -1"],
    ["an empty set", () => infimalRank([], 1), "the set is empty"],
    ["a tolerance of 0", () => infimalRank([[1]], 0), "tolerance is 0"],
    ["a depth of −3", () => factorizationNorm([1], -3), "depth is -3"],
    ["an infinite value", () => nuclearNorm([Infinity]), "singularValues[0] is Infinity"],
  ];
  for (const [what, call, message] of refused)
    test(what, () => {
      expect(call).toThrow(RangeError);
      expect(call).toThrow(message);
    });
});
