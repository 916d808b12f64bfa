import { random } from "lineament";
import { describe, expect, it } from "vitest";
import {
  corruptedSigns,
  dot,
  gaussianMatrix,
  logSpaced,
  orthogonalMatrix,
  randomSigns,
  rowsOf,
  spherePoints,
  spherePolynomials,
  twoLayerStart,
  unitVector,
  zonalTargets,
} from "../../src/data/index.ts";

const mean = (values: Float64Array): number => values.reduce((sum, v) => sum + v, 0) / values.length;

describe("random data", () => {
  it("is the same for the same seed, and another for another", () => {
    const draw = (seed: number): number[][] => rowsOf(spherePoints(4, 3, random(seed)));
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  it("has points of the right length in all directions", () => {
    const points = rowsOf(spherePoints(4000, 6, random(1)));
    for (const row of points) expect(dot(row, row)).toBeCloseTo(6, 12);
    // A coordinate has variance 1: means of 4000 are within 4/√4000 of 0.
    for (let j = 0; j < 6; j++)
      expect(Math.abs(points.reduce((sum, row) => sum + row[j]!, 0) / 4000)).toBeLessThan(0.064);
    expect(Math.hypot(...unitVector(9, random(2)))).toBeCloseTo(1, 14);
  });

  it("starts two layers with normal weights and signs, in the memory of one vector", () => {
    const { weights, readout, parameters } = twoLayerStart(2000, 3, random(4));
    expect([weights.rows, weights.cols]).toEqual([2000, 3]);
    expect([...parameters]).toEqual([...weights.data, ...readout]);
    expect(weights.data.buffer).toBe(parameters.buffer);
    // The variance of 6000 normal numbers has standard deviation √(2/6000).
    expect(Math.abs(mean(weights.data.map((value) => value ** 2)) - 1)).toBeLessThan(0.08);
    expect(readout.every((v) => Math.abs(v) === 1)).toBe(true);
    expect(Math.abs(mean(readout))).toBeLessThan(0.1);
    expect(new Set(twoLayerStart(9, 3, random(4), (n) => new Float64Array(n).fill(2)).readout)).toEqual(
      new Set([2]),
    );
  });

  it("has normal numbers of the asked width", () => {
    const { data } = gaussianMatrix(100, 100, random(3), { std: 3 });
    // The variance of 10⁴ normal numbers has standard deviation √2 %.
    expect(Math.abs(mean(data.map((value) => value ** 2)) / 9 - 1)).toBeLessThan(0.06);
  });

  it("has orthogonal matrices", () => {
    const rows = rowsOf(orthogonalMatrix(30, random(4)));
    rows.forEach((row, i) =>
      rows.forEach((other, j) => expect(Math.abs(dot(row, other) - (i === j ? 1 : 0))).toBeLessThan(1e-14)),
    );
  });

  it("corrupts the asked fraction of labels, half of them visibly, and nests", () => {
    const labels = randomSigns(4000, random(5));
    const changed = (fraction: number): boolean[] =>
      Array.from(corruptedSigns(labels, fraction, random(6)), (label, i) => label !== labels[i]);
    expect(changed(0).some(Boolean)).toBe(false);
    expect(Math.abs(changed(0.5).filter(Boolean).length / 4000 - 0.25)).toBeLessThan(0.03);
    expect(Math.abs(changed(1).filter(Boolean).length / 4000 - 0.5)).toBeLessThan(0.03);
    const all = changed(1);
    expect(changed(0.5).every((flag, i) => !flag || all[i])).toBe(true);
    expect(() => corruptedSigns(labels, 1.5, random(1))).toThrow(/fraction 1.5/);
  });
});

it("has places at equal ratios", () => {
  logSpaced(1, 1000, 4).forEach((place, i) => expect(place).toBeCloseTo(10 ** i, 9));
  expect(() => logSpaced(0, 1, 5)).toThrow(/give 0 < low/);
});

describe("polynomials of the sphere", () => {
  it.each([2, 3, 10, 300, 5000])("are the known ones in degrees 1, 2, 3 in %d dimensions", (d) => {
    const polynomials = spherePolynomials(d, 3);
    for (const t of [-1, -0.3, 0.01, 0.6, 1]) {
      const known = [
        1,
        Math.sqrt(d) * t,
        Math.sqrt((d + 2) / (2 * (d - 1))) * (d * t ** 2 - 1),
        Math.sqrt((d * (d + 4)) / (6 * (d - 1))) * ((d + 2) * t ** 3 - 3 * t),
      ];
      const last = polynomials.at(Math.sqrt(d));
      polynomials.at(Math.sqrt(d) * t).forEach((value, k) => {
        expect(Math.abs(value - known[k]!)).toBeLessThan(1e-12 * Math.max(1, last[k]!));
      });
    }
  });

  it("are Hermite's in infinitely many dimensions, up to high degrees", () => {
    const polynomials = spherePolynomials(Infinity, 90);
    for (const z of [-4, 0.3, 2, 17]) {
      const values = polynomials.at(z);
      for (let k = 1; k < 90; k++) {
        const next = (z * values[k]! - Math.sqrt(k) * values[k - 1]!) / Math.sqrt(k + 1);
        expect(Math.abs(values[k + 1]! - next)).toBeLessThan(1e-10 * (Math.abs(values[k + 1]!) + 1));
      }
    }
  });

  it("stay orthonormal in high degrees of moderate dimensions", () => {
    // p_k(√d)² counts harmonics: B(30, 24) = C(53, 24) − C(51, 22).
    const binomial = (n: number, k: number): number =>
      Array.from({ length: k }, (_, i) => (n - i) / (i + 1)).reduce((a, b) => a * b, 1);
    const at = spherePolynomials(30, 24).at(Math.sqrt(30));
    expect(at[24]! ** 2 / (binomial(53, 24) - binomial(51, 22)) - 1).toBeCloseTo(0, 9);
  });

  it("make targets whose degrees have the energies asked for", () => {
    const targets = zonalTargets(10, [0, 0.5, 0.3, 0.2], 2, random(7));
    const values = rowsOf(targets(spherePoints(40_000, 10, random(8))));
    for (const at of [0, 1]) {
      const column = Float64Array.from(values, (row) => row[at]!);
      expect(Math.abs(mean(column))).toBeLessThan(0.02);
      expect(Math.abs(mean(column.map((value) => value ** 2)) - 1)).toBeLessThan(0.04);
    }
    expect(values[0]![0]).not.toBe(values[0]![1]);
  });

  it("refuse impossible dimensions and degrees", () => {
    expect(() => spherePolynomials(1, 3)).toThrow(RangeError);
    expect(() => spherePolynomials(4, 1.5)).toThrow(RangeError);
  });
});
