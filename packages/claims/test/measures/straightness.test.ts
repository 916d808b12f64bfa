import { expect, it } from "vitest";
import { straightness } from "../../src/measures/index.ts";

const at = (f: (x: number) => number): { x: number; y: number }[] =>
  [0, 1, 2, 3, 4].map((x) => ({ x, y: f(x) }));

it("lines are straight, whatever their slope", () => {
  expect(straightness(at((x) => 3 - 2 * x))).toBeCloseTo(1, 14);
  expect(straightness(at((x) => 1e-3 * x))).toBeCloseTo(1, 14);
});

it("is the squared correlation", () => {
  expect(straightness(at((x) => (x - 2) ** 2))).toBeCloseTo(0, 14);
  // Σ(x − 2)x² = 40, Σ(x − 2)² = 10, Σ(x² − 6)² = 174.
  expect(straightness(at((x) => x ** 2))).toBeCloseTo(1600 / 1740, 14);
  expect(straightness(at(() => 7))).toBe(0);
});

it("needs two places and finite numbers", () => {
  expect(() => straightness([{ x: 1, y: 1 }])).toThrow("two places");
  expect(() => straightness(at((x) => 1 / x))).toThrow(RangeError);
});
