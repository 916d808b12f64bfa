import { factorizationLoss, lossAt, openEngine, random } from "lineament";
import { expect, test } from "vitest";
import { bestStep, lossCurve, lowRankCompletion, lowRankSensing, median } from "../../src/measures/index.ts";

const engine = await openEngine({ threads: 1 });

test("the median is the number in the middle, or the mean of the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([7])).toBe(7);
});

test("the best step of gradient descent on a square needs one iteration", async () => {
  const loss = factorizationLoss({ data: Float64Array.of(3), rows: 1, cols: 1 });
  const start = [{ data: Float64Array.of(0), rows: 1, cols: 1 }];
  const problem = { start, loss, target: 1e-12, steps: [0.1, 1, 2.5, 0.5], cap: 100 };
  const best = await bestStep(engine, problem);
  expect(best).toEqual({ iterations: 1, step: 1 });
  expect(await lossCurve(engine, problem, best)).toEqual([4.5, 0]);
});

test("of slower steps the best is the one with the fewest iterations, and a cap ends them all", async () => {
  const loss = factorizationLoss({ data: Float64Array.of(1), rows: 1, cols: 1 });
  const start = [{ data: Float64Array.of(0), rows: 1, cols: 1 }];
  const problem = { start, loss, target: 1e-6, steps: [0.1, 0.5, 3] };
  // ½ 4^(−k) ≤ 10⁻⁶ from k = 10 on.
  expect(await bestStep(engine, { ...problem, cap: 100 })).toEqual({ iterations: 10, step: 0.5 });
  expect(await bestStep(engine, { ...problem, cap: 9 })).toEqual({ iterations: Infinity, step: NaN });
});

test("completion shows m entries of a matrix of norm d, four in each row and column at least", async () => {
  const { truth, observed } = lowRankCompletion({ dimension: 12, rank: 2, entries: 60 }, random(3));
  expect(Math.hypot(...truth.data)).toBeCloseTo(12, 10);
  const { values } = await engine.singularValues(truth);
  expect(values[1]!).toBeGreaterThan(0.1);
  expect(values[2]!).toBeLessThan(1e-12);
  const places = Array.from(observed.values, (value, k) => {
    const place = observed.row[k]! * 12 + observed.column[k]!;
    expect(value).toBe(truth.data[place]);
    return place;
  });
  expect(new Set(places).size).toBe(60);
  for (let i = 0; i < 12; i++) {
    expect(Array.from(observed.row).filter((row) => row === i).length).toBeGreaterThanOrEqual(4);
    expect(Array.from(observed.column).filter((column) => column === i).length).toBeGreaterThanOrEqual(4);
  }
});

test("sensing has a truth of the given singular values, where its loss is zero", async () => {
  const problem = { dimension: 8, singularValues: [4, 2], measurements: 30 };
  const { truth, loss } = lowRankSensing(engine, problem, random(5));
  const { values } = await engine.singularValues(truth);
  expect(values[0]!).toBeCloseTo(4, 10);
  expect(values[1]!).toBeCloseTo(2, 10);
  expect(values[2]!).toBeLessThan(1e-12);
  expect((await lossAt(loss, truth)).loss).toBeLessThan(1e-24);
  const zero = { ...truth, data: new Float64Array(64) };
  // ½ Σ ⟨A_i, W*⟩² has the mean ½ ‖W*‖² = 10 and the deviation 10 √(2/30).
  expect((await lossAt(loss, zero)).loss).toBeGreaterThan(3);
  expect((await lossAt(loss, zero)).loss).toBeLessThan(20);
});
