import {
  fitIntervals,
  fitPredictionSets,
  intervalCoverage,
  Intervals,
  type Matrix,
  predictIntervals,
  predictSets,
  random,
  zeros,
} from "lineament";
import { describe, expect, test } from "vitest";

/** Predictions and truths with errors of spread σ(prediction). */
function sampled(
  n: number,
  sigma: (prediction: number) => number,
  seed: number,
): { predictions: Matrix<Float64Array>; y: Matrix<Float64Array> } {
  const generator = random(seed);
  const [predictions, y] = [zeros(n, 1), zeros(n, 1)];
  for (let i = 0; i < n; i++) {
    predictions.data[i] = 10 * generator.uniform();
    y.data[i] = predictions.data[i]! + sigma(predictions.data[i]!) * generator.normal();
  }
  return { predictions, y };
}

const fit = ({ predictions, y }: ReturnType<typeof sampled>) =>
  fitIntervals({ predictions, target: { task: "regression", y } });

describe("intervals cover what they promise", () => {
  for (const [name, sigma] of [
    ["equal errors", () => 1],
    ["errors that grow with the prediction", (p: number) => 0.1 + 0.4 * p],
  ] as const)
    for (const n of [60, 400, 3000])
      for (const coverage of [0.5, 0.9])
        test(`${name}, ${n} validation rows, coverage ${coverage}`, () => {
          let mean = 0;
          const draws = 20;
          for (let draw = 0; draw < draws; draw++) {
            const test = sampled(2000, sigma, 1000 + draw);
            mean +=
              intervalCoverage(
                predictIntervals(fit(sampled(n, sigma, draw)), test.predictions, coverage),
                test.y,
              ) / draws;
          }
          // Standard error of the mean over draws: √(c(1 − c)(1/n + 1/2000)/20), below 0.015 at n = 60.
          expect(Math.abs(mean - coverage)).toBeLessThan(n === 60 ? 0.045 : 0.02);
        });

  test("where errors grow, every range of the predictions is covered alike", () => {
    const sigma = (p: number): number => 0.1 + 0.4 * p;
    const intervals = fit(sampled(3000, sigma, 1));
    const { predictions, y } = sampled(20_000, sigma, 2);
    const { lower, upper } = predictIntervals(intervals, predictions, 0.9);
    for (const from of [0, 2.5, 5, 7.5]) {
      const rows = Array.from(predictions.data.keys()).filter(
        (i) => predictions.data[i]! >= from && predictions.data[i]! < from + 2.5,
      );
      const inside =
        rows.filter((i) => y.data[i]! >= lower.data[i]! && y.data[i]! <= upper.data[i]!).length / rows.length;
      expect(Math.abs(inside - 0.9)).toBeLessThan(0.06);
    }
  });
});

test("intervals are a plain value that survives JSON and its schema", () => {
  const intervals = fit(sampled(5000, (p) => p, 1));
  const again = Intervals.parse(JSON.parse(JSON.stringify(intervals)));
  expect(again).toEqual(intervals);
  expect(again.outputs[0]!.scores.length).toBeLessThanOrEqual(1000);
  const { predictions } = sampled(10, () => 1, 3);
  expect(predictIntervals(again, predictions, 0.9)).toEqual(predictIntervals(intervals, predictions, 0.9));
});

test("higher coverage is never narrower", () => {
  const intervals = fit(sampled(1500, () => 1, 1));
  const one = { data: Float64Array.of(4), rows: 1, cols: 1 };
  const widths = [0.1, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999]
    .map((coverage) => predictIntervals(intervals, one, coverage))
    .map(({ lower, upper }) => upper.data[0]! - lower.data[0]!);
  expect(widths).toEqual(widths.toSorted((a, b) => a - b));
});

test("each target column has its own intervals", () => {
  const [a, b] = [sampled(100, () => 1, 1), sampled(100, () => 10, 2)];
  const both = (first: Matrix, second: Matrix) => ({
    data: Float64Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? first : second).data[at >> 1]!),
    rows: 100,
    cols: 2,
  });
  const intervals = fitIntervals({
    predictions: both(a.predictions, b.predictions),
    target: { task: "regression", y: both(a.y, b.y) },
  });
  const { lower, upper } = predictIntervals(
    intervals,
    { data: Float64Array.of(5, 5), rows: 1, cols: 2 },
    0.9,
  );
  expect((upper.data[1]! - lower.data[1]!) / (upper.data[0]! - lower.data[0]!)).toBeGreaterThan(5);
});

test("too few rows for a coverage say how many are needed", () => {
  const intervals = fit(sampled(15, () => 1, 1));
  const one = { data: Float64Array.of(4), rows: 1, cols: 1 };
  expect(() => predictIntervals(intervals, one, 0.95)).toThrow(
    /needs at least 19 validation rows, there are 15; ask for at most 0.937/,
  );
  expect(predictIntervals(intervals, one, 0.937).upper.data[0]).toBeGreaterThan(4);
  expect(() => predictIntervals(intervals, one, 90)).toThrow(/between 0 and 1/);
  expect(() => predictIntervals(intervals, { data: new Float64Array(2), rows: 1, cols: 2 }, 0.5)).toThrow(
    /2 columns/,
  );
});

test("perfect and equal predictions give finite intervals", () => {
  const constant = { data: new Float64Array(300).fill(2), rows: 300, cols: 1 };
  const exact = fitIntervals({ predictions: constant, target: { task: "regression", y: constant } });
  expect(predictIntervals(exact, constant, 0.9).upper.data[0]).toBe(2);
  const { y } = sampled(300, () => 1, 1);
  const flat = fitIntervals({ predictions: constant, target: { task: "regression", y } });
  expect(Number.isFinite(predictIntervals(flat, constant, 0.9).upper.data[0])).toBe(true);
});

describe("prediction sets", () => {
  const generator = random(5);
  const make = (n: number) => {
    const predictions = zeros(n, 3);
    const labels = new Int32Array(n);
    for (let i = 0; i < n; i++) {
      const raw = [generator.uniform(), generator.uniform(), generator.uniform()].map((u) => u ** 3);
      const total = raw.reduce((a, b) => a + b, 0);
      raw.forEach((value, k) => (predictions.data[i * 3 + k] = value / total));
      let u = generator.uniform() * total;
      labels[i] = raw.findIndex((value) => (u -= value) < 0);
      if (labels[i] === -1) labels[i] = 2;
    }
    return { predictions, target: { task: "classification", labels, classes: 3 } as const };
  };

  test("hold the true class as often as promised, the likeliest class always", () => {
    const sets = fitPredictionSets(make(1000));
    const { predictions, target } = make(4000);
    const chosen = predictSets(sets, predictions, 0.9);
    const inside = chosen.filter((set, i) => set.includes(target.labels[i]!)).length / 4000;
    expect(Math.abs(inside - 0.9)).toBeLessThan(0.03);
    expect(chosen.every((set) => set.length >= 1)).toBe(true);
    expect(new Set(chosen.map((set) => set.length)).size).toBeGreaterThan(1);
  });

  test("hold every class when there are too few rows", () => {
    expect(predictSets(fitPredictionSets(make(5)), make(1).predictions, 0.99)[0]).toHaveLength(3);
  });
});

test("intervals are for regression and sets for classification", () => {
  const predictions = zeros(2, 2);
  expect(() =>
    fitIntervals({ predictions, target: { task: "classification", labels: new Int32Array(2), classes: 2 } }),
  ).toThrow(/fitPredictionSets/);
  expect(() => fitPredictionSets({ predictions, target: { task: "regression", y: predictions } })).toThrow(
    /fitIntervals/,
  );
});
