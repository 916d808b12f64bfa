import { random } from "lineament";
import { describe, expect, test } from "vitest";
import { smoothCrops } from "../../src/data/index.ts";

const options = { classes: 4, side: 6, noise: 0.3 } as const;

describe("smooth crops", () => {
  const { x, labels } = smoothCrops(400, options, random(1));
  const image = (i: number): Float64Array => x.data.subarray(i * x.cols, (i + 1) * x.cols);

  test("have a label of every class", () => {
    expect(new Set(labels)).toEqual(new Set([0, 1, 2, 3]));
  });

  test("have pixels of mean 0 and variance 1", () => {
    for (let k = 0; k < x.cols; k++) {
      const pixels = Array.from({ length: x.rows }, (_, i) => image(i)[k]!);
      expect(pixels.reduce((sum, value) => sum + value, 0) / x.rows).toBeCloseTo(0, 12);
      expect(pixels.reduce((sum, value) => sum + value ** 2, 0) / x.rows).toBeCloseTo(1, 12);
    }
  });

  test("are smooth: neighbors resemble each other more than distant pixels", () => {
    const correlation = (a: number, b: number): number => {
      let sum = 0;
      for (let i = 0; i < x.rows; i++) sum += (image(i)[a]! * image(i)[b]!) / x.rows;
      return sum;
    };
    const side = options.side;
    const rows = Array.from({ length: side }, (_, r) => r * side);
    const near = rows.map((start) => correlation(start, start + 1));
    const far = rows.map((start) => Math.abs(correlation(start, start + 4)));
    const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
    expect(total(near)).toBeGreaterThan(1.5 * total(far));
  });

  test("resemble images of their own class more than others", () => {
    const nearest = (i: number): number => {
      let [best, label] = [Infinity, -1];
      for (let j = 0; j < x.rows; j++) {
        const apart = image(i).reduce((sum, value, k) => sum + (value - image(j)[k]!) ** 2, 0);
        if (j !== i && apart < best) [best, label] = [apart, labels[j]!];
      }
      return label;
    };
    const right = Array.from({ length: 100 }, (_, i) => Number(nearest(i) === labels[i]));
    // Chance is a quarter.
    expect(right.reduce((sum, value) => sum + value, 0)).toBeGreaterThan(80);
  });

  test("are the same with the same seed, and others with another", () => {
    expect(smoothCrops(400, options, random(1)).x.data).toEqual(x.data);
    expect(smoothCrops(400, options, random(2)).x.data).not.toEqual(x.data);
  });
});
