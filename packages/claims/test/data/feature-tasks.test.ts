import { random } from "lineament";
import { describe, expect, it } from "vitest";
import {
  collages,
  digits,
  friedman,
  modularAddition,
  productTarget,
  rowsOf,
  shirts,
  slabs,
  sparseParity,
  split,
  spuriousCoordinate,
  takeColumns,
  withLabels,
} from "../../src/data/index.ts";

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
const extremes = (values: Float64Array): number[] => {
  const sorted = values.toSorted();
  return [sorted[0]!, sorted.at(-1)!];
};

describe("targets of few directions", () => {
  it("are what they are called", () => {
    const product = productTarget(5, 4, random(1));
    rowsOf(product.x).forEach((row, i) => expect(product.y.data[i]).toBe(row[0]! * row[1]!));
    const parity = sparseParity(50, 6, 3, random(1));
    rowsOf(parity.x).forEach((row, i) => {
      expect(row.every((value) => Math.abs(value) === 1)).toBe(true);
      expect(parity.y.data[i]).toBe(row[0]! * row[1]! * row[2]!);
    });
    const { x, y } = friedman(1, 5, { uniform: () => 0.5, normal: () => 0, integer: () => 0 });
    expect(rowsOf(x)).toEqual([[0.5, 0.5, 0.5, 0.5, 0.5]]);
    // 10 sin(π/4) + 0 + 5 + 2.5
    expect(y.data[0]).toBeCloseTo(10 * Math.SQRT1_2 + 7.5, 12);
  });

  it("are divided without a row lost, and their columns chosen", () => {
    const all = productTarget(7, 3, random(2));
    const { train, test } = split(all, 4);
    expect([...rowsOf(train.x), ...rowsOf(test.x)]).toEqual(rowsOf(all.x));
    expect([...rowsOf(train.y), ...rowsOf(test.y)]).toEqual(rowsOf(all.y));
    expect(rowsOf(takeColumns(all.x, [2, 0]))).toEqual(rowsOf(all.x).map((row) => [row[2], row[0]]));
  });
});

describe("modular addition", () => {
  it("has every pair once, with its sum", () => {
    const { train, test } = modularAddition(7, 0.6, random(3));
    expect([train.x.rows, test.x.rows]).toEqual([29, 20]);
    const pairs = [train, test].flatMap(({ x, y }) => {
      const targets = rowsOf(y);
      return rowsOf(x).map((row, i) => {
        const [a, b] = [row.indexOf(1), row.lastIndexOf(1) - 7];
        expect(row.reduce((sum, v) => sum + v, 0)).toBe(2);
        expect(targets[i]!.indexOf(1)).toBe((a + b) % 7);
        return `${a} ${b}`;
      });
    });
    expect(new Set(pairs).size).toBe(49);
  });
});

describe("labels with two explanations", () => {
  it("are told by a line and by slabs alike", () => {
    const { x, y } = slabs(400, 3, random(4));
    rowsOf(x).forEach((row, i) => {
      const label = y.data[i]!;
      expect(Math.sign(row[0]!)).toBe(label);
      const slab = Math.round(row[1]! + 1.5);
      expect(Math.abs(row[1]! + 1.5 - slab)).toBeLessThanOrEqual(0.2);
      expect(slab % 2 === 0 ? 1 : -1).toBe(label);
    });
  });

  it("are told wrongly by the line as often as asked", () => {
    const { x, y } = slabs(4000, 1, random(6), { wrong: 0.3 });
    const wrong = rowsOf(x).map((row, i): number => (Math.sign(row[0]!) === y.data[i] ? 0 : 1));
    // The standard deviation of the mean is √(0.21/4000) = 0.007.
    expect(Math.abs(mean(wrong) - 0.3)).toBeLessThan(0.03);
  });

  it.each([0.9, 0, -0.9])("go along with the spurious coordinate as often as they should (ρ = %s)", (rho) => {
    const { x, y } = spuriousCoordinate(4000, rho, 1, random(5));
    const rows = rowsOf(x);
    rows.forEach((row, i) => expect(Math.sign(row[0]! * row[1]!)).toBe(y.data[i]));
    // The mean of 4000 products ±1 has standard deviation at most 1/√4000 = 0.016.
    expect(Math.abs(mean(rows.map((row, i) => Math.sign(row[2]!) * y.data[i]!)) - rho)).toBeLessThan(0.06);
  });
});

describe("images", () => {
  it("are digits of all kinds, from 0 to 1", async () => {
    const { train, test } = await digits();
    expect([train.x.rows, train.x.cols, test.x.rows, test.x.cols]).toEqual([1295, 64, 502, 64]);
    expect(Array.from({ length: 10 }, (_, k) => test.labels.filter((label) => label === k).length)).toEqual([
      49, 56, 52, 46, 47, 41, 66, 48, 45, 52,
    ]);
    expect(extremes(train.x.data)).toEqual([0, 1]);
    expect(train.labels[0]).toBe(0);
    expect(Array.from(train.x.data.subarray(0, 8), (value) => 16 * value)).toEqual([0, 0, 5, 13, 9, 1, 0, 0]);
    // Corners of the images are always dark.
    for (const pixel of [0, 32, 39]) expect(rowsOf(train.x).every((row) => row[pixel] === 0)).toBe(true);
  });

  it("are T-shirts and shirts, from 0 to 1", async () => {
    const { train, test } = await shirts();
    expect([train.x.rows, train.x.cols, test.x.rows]).toEqual([800, 196, 397]);
    expect(train.labels.filter((label) => label === 0).length).toBe(400);
    expect(test.labels.filter((label) => label === 1).length).toBe(197);
    expect(extremes(train.x.data)).toEqual([0, 1]);
    // Shirts are brighter in the middle than at the corners.
    const images = rowsOf(train.x);
    const brightness = (pixel: number): number => mean(images.map((row) => row[pixel]!));
    expect(brightness(7 * 14 + 7)).toBeGreaterThan(5 * brightness(13));
    expect(images.every((row) => row.every(Number.isFinite))).toBe(true);
  });

  it("make collages of one label, every left image once before one comes again", async () => {
    const [left, right] = [(await shirts()).test, (await digits()).test];
    const { x, y } = collages(500, left, right, random(7));
    const lefts = rowsOf(x).map((row) => row.slice(0, 196).join());
    const labels = new Map(rowsOf(left.x).map((row, i) => [row.join(), left.labels[i]]));
    const kinds = new Map(rowsOf(right.x).map((row, i) => [row.join(), right.labels[i]]));
    rowsOf(x).forEach((row, i) => {
      const label = labels.get(lefts[i]!);
      expect(kinds.get(row.slice(196).join())).toBe(label);
      expect(y.data[i]).toBe(label === 0 ? 1 : -1);
    });
    expect(new Set(lefts.slice(0, 397)).size).toBe(labels.size);
  });

  it("can be chosen by label", async () => {
    const { train } = await digits();
    const { x, labels } = withLabels(train, [3, 8]);
    expect([x.rows, labels.length, new Set(labels)]).toEqual([266, 266, new Set([3, 8])]);
  });
});
