import { expect, it } from "vitest";
import { geometricMean, logSlope, powerLawThrough } from "../../src/measures/index.ts";

const points = [
  { x: 1, y: 3 },
  { x: 10, y: 0.2 },
  { x: 100, y: 0.05 },
];

it("a power law is drawn with its exponent through the middle of the points", () => {
  const line = powerLawThrough(points, -0.75);
  expect(logSlope(line)).toBeCloseTo(-0.75, 12);
  expect(geometricMean(line.map(({ y }) => y))).toBeCloseTo(geometricMean(points.map(({ y }) => y)), 12);
  expect(line.map(({ x }) => x)).toEqual([1, 10, 100]);
});

it("points on a power law are met exactly", () => {
  const exact = [2, 4, 9].map((x) => ({ x, y: 5 * x ** -2 }));
  powerLawThrough(exact, -2).forEach(({ y }, i) => expect(y).toBeCloseTo(exact[i]!.y, 12));
});

it("the geometric mean of 1, 10 and 100 is 10", () => {
  expect(geometricMean([1, 10, 100])).toBeCloseTo(10, 12);
});
