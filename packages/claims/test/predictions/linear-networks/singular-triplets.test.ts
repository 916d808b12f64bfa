import fc from "fast-check";
import { random } from "lineament";
import { Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { type Rows, singularTriplets, singularValues } from "../../../src/predictions/index.ts";
import { gaussianRows } from "./layers.ts";

/** Largest entry of u diag(values) vᵀ − W. */
function misfit(w: Rows): number {
  const { u, values, v } = singularTriplets(w);
  const product = u
    .clone()
    .mulRowVector([...values])
    .mmul(v.transpose());
  return product
    .sub(new Matrix(w.map((row) => [...row])))
    .abs()
    .max();
}

describe("singular triplets", () => {
  it.each([
    [1, 1],
    [1, 6],
    [6, 1],
    [5, 5],
    [4, 9],
    [30, 20],
  ])("of %d × %d matrices have orthonormal vectors, and make up the matrix", (rows, columns) => {
    const w = gaussianRows(rows, columns, random(rows));
    const { u, values, v } = singularTriplets(w);
    const k = Math.min(rows, columns);
    expect([u.rows, u.columns, values.length, v.rows, v.columns]).toEqual([rows, k, k, columns, k]);
    for (const basis of [u, v])
      expect(basis.transpose().mmul(basis).sub(Matrix.eye(k)).abs().max()).toBeLessThan(1e-14);
    expect(values.every((value, r) => value > 0 && value <= (values[r - 1] ?? Infinity))).toBe(true);
    expect(misfit(w)).toBeLessThan(1e-14 * values[0]!);
  });

  it("agree with the roots of the characteristic polynomial for two rows", () => {
    const entry = fc.double({ min: -10, max: 10, noNaN: true });
    const row = fc.tuple(entry, entry, entry);
    fc.assert(
      fc.property(row, row, (first, second) => {
        const [large, small] = singularValues([first, second]);
        const dot = first.reduce((sum, x, i) => sum + x * second[i]!, 0);
        const [a, b] = [Math.hypot(...first) ** 2, Math.hypot(...second) ** 2];
        const apart = Math.hypot((a - b) / 2, dot);
        expect(Math.abs(large! ** 2 - (a + b) / 2 - apart)).toBeLessThan(1e-12);
        expect(Math.abs(small! ** 2 - (a + b) / 2 + apart)).toBeLessThan(1e-12);
        expect(misfit([first, second])).toBeLessThan(1e-14);
      }),
    );
  });

  it("come to an end for entries of any size", () => {
    const entry = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(0));
    const rows = fc.array(fc.array(entry, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(rows, (w) => {
        const scaled = w.map((row) => row.map((x) => x / 4));
        const largest = Math.max(...scaled.flat().map(Math.abs));
        expect(singularValues(scaled).some(Number.isNaN)).toBe(false);
        expect(singularValues(scaled)[0]! >= largest * (1 - 1e-14)).toBe(true);
      }),
    );
    // ml-matrix 6.15.1 does not return for this one.
    expect(
      singularValues([
        [0, 9.4e-323],
        [1e-323, -4e-323],
      ])[0],
    ).toBeGreaterThan(9e-323);
  });

  it("are exactly 0 beyond the rank", () => {
    expect(
      singularValues([
        [1, 2, 3],
        [2, 4, 6],
        [0.1, 0.2, 0.3],
      ]).slice(1),
    ).toEqual([0, 0]);
    expect(
      singularValues([
        [0, 0],
        [0, 0],
      ]),
    ).toEqual([0, 0]);
    expect(
      singularValues([
        [1, 0],
        [0, 1e-15],
      ])[1],
    ).toBe(1e-15);
  });

  it("are none of what is no matrix of numbers", () => {
    expect(() => singularTriplets([])).toThrow(/no entries/);
    expect(() => singularTriplets([[]])).toThrow(RangeError);
    expect(() => singularTriplets([[1, Infinity]])).toThrow(/not finite/);
  });
});
