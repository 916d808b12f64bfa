import { random } from "lineament";
import { describe, expect, it } from "vitest";
import { circleLabels, featureKinds, rowsOf, whitenedFeatures } from "../../src/data/index.ts";

describe("features", () => {
  const n = 20_000;

  it.each(featureKinds)("%s are whitened", (kind) => {
    const rows = rowsOf(whitenedFeatures(kind, n, 4, random(1)));
    for (let j = 0; j < 4; j++)
      for (let k = 0; k <= j; k++) {
        const entry = rows.reduce((sum, row) => sum + row[j]! * row[k]!, 0) / n;
        // Squares of the t distribution have variance 5: a mean of n is within 0.016 of its limit.
        expect(Math.abs(entry - (j === k ? 1 : 0))).toBeLessThan(0.064);
      }
  });

  it("of Student have heavy tails: a fourth moment of 6", () => {
    const { data } = whitenedFeatures("student", 1000, 1000, random(2));
    const kurtosis = data.reduce((sum, value) => sum + value ** 4, 0) / data.length;
    // The eighth moment does not exist: a million numbers give no third digit.
    expect(Math.abs(kurtosis - 6)).toBeLessThan(0.6);
  });

  it("of cosines are those of one number", () => {
    for (const [first, second, third] of rowsOf(whitenedFeatures("cosine", 20, 3, random(3)))) {
      const angle = Math.acos(first! / Math.SQRT2);
      expect(second!).toBeCloseTo(Math.SQRT2 * Math.cos(2 * angle), 12);
      expect(third!).toBeCloseTo(Math.SQRT2 * Math.cos(3 * angle), 12);
    }
  });
});

describe("labels of the circle", () => {
  it("are flipped as often as asked, and not at all", () => {
    const clean = circleLabels(5000, 0, random(4));
    rowsOf(clean.x).forEach(([x, y], i) => {
      expect(Math.hypot(x!, y!)).toBeCloseTo(1, 14);
      expect(clean.labels[i]).toBe(Math.sin(6 * Math.atan2(y!, x!)) > -0.6 ? 1 : -1);
    });
    const { x, labels } = circleLabels(5000, 0.2, random(4));
    expect(x).toEqual(clean.x);
    const flipped = labels.filter((label, i) => label !== clean.labels[i]).length / 5000;
    // Four standard deviations √(0.2 · 0.8 / 5000).
    expect(Math.abs(flipped - 0.2)).toBeLessThan(0.023);
  });
});
