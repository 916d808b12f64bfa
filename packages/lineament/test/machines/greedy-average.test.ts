import fc from "fast-check";
import { expect, test } from "vitest";
import type { Matrix } from "../../src/linalg/index.ts";
import { greedyAverage } from "../../src/machines/automatic/greedy-average.ts";
import { filled, normals } from "../contracts/data.ts";

const truth = normals(40, 1, 1);
const loss = ({ data }: Matrix): number =>
  truth.data.reduce((sum, value, i) => sum + (data[i]! - value) ** 2, 0) / 40;
const noisy = (amount: number, seed: number): Matrix => {
  const noise = normals(40, 1, seed);
  return filled(40, 1, (i) => truth.data[i]! + amount * noise.data[i]!);
};
const averaged = (predictions: readonly Matrix[], weights: Float64Array): Matrix =>
  filled(40, 1, (i) => predictions.reduce((sum, { data }, at) => sum + weights[at]! * data[i]!, 0));

test("is never worse than the best single prediction", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.01, max: 3, noNaN: true }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 5 }),
      (amounts, steps, members) => {
        const predictions = amounts.map((amount, seed) => noisy(amount, seed + 2));
        const weights = greedyAverage(predictions, loss, { steps, members });
        expect(weights.reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 12);
        expect(weights.filter((weight) => weight > 0).length).toBeLessThanOrEqual(members);
        expect(loss(averaged(predictions, weights))).toBeLessThanOrEqual(
          Math.min(...predictions.map(loss)) + 1e-12,
        );
      },
    ),
    { numRuns: 50 },
  );
});

test("of independent errors is much better than the best", () => {
  const predictions = Array.from({ length: 6 }, (_, seed) => noisy(1, seed + 2));
  expect(
    loss(averaged(predictions, greedyAverage(predictions, loss, { steps: 12, members: 6 }))),
  ).toBeLessThan(0.4 * Math.min(...predictions.map(loss)));
});

test("of one prediction, or with one member, is that prediction alone", () => {
  expect([...greedyAverage([noisy(1, 2)], loss, { steps: 5, members: 3 })]).toEqual([1]);
  const predictions = [noisy(1, 2), noisy(0.1, 3), noisy(2, 4)];
  expect([...greedyAverage(predictions, loss, { steps: 5, members: 1 })]).toEqual([0, 1, 0]);
});

test("leaves out predictions that are not finite", () => {
  expect([...greedyAverage([filled(40, 1, () => NaN), noisy(1, 2)], loss, { steps: 5, members: 2 })]).toEqual(
    [0, 1],
  );
});

test("of nothing is nothing", () =>
  expect(greedyAverage([], loss, { steps: 5, members: 2 })).toHaveLength(0));
