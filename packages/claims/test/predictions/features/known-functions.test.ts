import { random } from "lineament";
import { expect, it } from "vitest";
import {
  linearGradients,
  productGradients,
  quadraticGradients,
  quadraticGradientsError,
} from "../../../src/predictions/index.ts";

it("is the outer product of the slope of a linear function", () => {
  expect(linearGradients([2, -3])).toEqual([
    [4, -6],
    [-6, 9],
  ]);
});

it("is diag(1, 1, 0, …) for a product of two coordinates", () => {
  expect(productGradients(3)).toEqual([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 0],
  ]);
});

it("is the mean over normal points of A x (A x)ᵀ, with the stated error", () => {
  const a = [
    [1, 0.5],
    [0.5, -2],
  ];
  const generator = random(1);
  const m = 20_000;
  const [sums, squares] = [0, 1].map(() => [
    [0, 0],
    [0, 0],
  ]);
  for (let k = 0; k < m; k++) {
    const [x, z] = [generator.normal(), generator.normal()];
    const slope = a.map(([first, second]) => first! * x + second! * z);
    for (const i of [0, 1])
      for (const j of [0, 1]) {
        const value = slope[i]! * slope[j]!;
        sums![i]![j]! += value / m;
        squares![i]![j]! += value ** 2 / m;
      }
  }
  const [expected, error] = [quadraticGradients(a), quadraticGradientsError(a, m)];
  for (const i of [0, 1])
    for (const j of [0, 1]) {
      expect(Math.abs(sums![i]![j]! - expected[i]![j]!)).toBeLessThan(4 * error[i]![j]!);
      // Fourth moments of 20,000 points are known to some percent.
      const observed = Math.sqrt((squares![i]![j]! - sums![i]![j]! ** 2) / m);
      expect(observed / error[i]![j]!).toBeGreaterThan(0.9);
      expect(observed / error[i]![j]!).toBeLessThan(1.1);
    }
});
