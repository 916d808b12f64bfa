import { expect, it } from "vitest";
import { logExcess } from "../../src/measures/index.ts";

const bound = (k: number): number => 8 * 0.5 ** k;

it("says by how much losses exceed their bound, the start aside", () => {
  expect(logExcess([8, 4, 2, 1], bound)).toBe(0);
  expect(logExcess([80, 4, 1, 2], bound)).toBeCloseTo(Math.log(2), 14);
  expect(logExcess([8, 1, 1], bound)).toBeCloseTo(Math.log(1 / 2), 14);
});

it("does not look where doubles cannot follow the bound", () => {
  const rounding = Array.from({ length: 200 }, (_, k) => Math.max(4 * 0.5 ** k, 1e-30));
  expect(logExcess(rounding, bound)).toBeCloseTo(Math.log(1 / 2), 14);
});

it("does not miss a loss that is no number", () => {
  expect(logExcess([8, Infinity, 2], bound)).toBe(Infinity);
});
