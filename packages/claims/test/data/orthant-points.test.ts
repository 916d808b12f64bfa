import { random } from "lineament";
import { expect, it } from "vitest";
import { orthantPoints } from "../../src/data/index.ts";
import { mean } from "../../src/measures/index.ts";

it("lie on the unit sphere, have no negative coordinates, and are uniform", () => {
  const { data, rows, cols } = orthantPoints(4000, 3, random(1));
  expect([rows, cols]).toEqual([4000, 3]);
  for (let i = 0; i < rows; i++) expect(Math.hypot(...data.subarray(3 * i, 3 * i + 3))).toBeCloseTo(1, 14);
  expect(data.every((value) => value >= 0)).toBe(true);
  // A coordinate is uniform on [0, 1] by Archimedes; 5 standard errors of 4000 of them.
  const third = data.filter((_, at) => at % 3 === 2);
  expect(Math.abs(mean(third) - 1 / 2)).toBeLessThan(0.023);
  expect(Math.abs(mean(third.map((value) => value ** 2)) - 1 / 3)).toBeLessThan(0.024);
});
