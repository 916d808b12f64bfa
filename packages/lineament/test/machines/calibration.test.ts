import { describe, expect, test } from "vitest";
import { type Matrix, random } from "../../src/linalg/index.ts";
import { calibrate, fitCalibration, smoothedLogLoss } from "../../src/machines/index.ts";
import { expectClose, filled, normals } from "../contracts/data.ts";

/** Probabilities softmax(logits), labels drawn from them, and the scores with the given temperature taken out. */
function drawn(
  n: number,
  k: number,
  slope: number,
): { scores: Matrix<Float64Array>; labels: Int32Array; truth: Matrix<Float64Array> } {
  const generator = random(3);
  const logits = normals(n, k, 4);
  const softmax = (factor: number): Matrix<Float64Array> => {
    const total = (i: number): number =>
      Array.from({ length: k }, (_, a) => Math.exp(factor * logits.data[i * k + a]!)).reduce((x, y) => x + y);
    return filled(n, k, (i, a) => Math.exp(factor * logits.data[i * k + a]!) / total(i));
  };
  const truth = softmax(1);
  const labels = Int32Array.from({ length: n }, (_, i) => {
    let u = generator.uniform();
    for (let a = 0; a < k; a++) if ((u -= truth.data[i * k + a]!) < 0) return a;
    return k - 1;
  });
  return { scores: softmax(1 / slope), labels, truth };
}

describe.each([2, 3, 6])("%d classes", (k) => {
  test.each([0.5, 1, 2.5])("a known temperature is recovered: β = %d", (slope) => {
    const { scores, labels } = drawn(20_000, k, slope);
    const calibration = fitCalibration("logarithmic", scores, labels);
    // 20,000 draws: the standard error of β is below 2 %.
    expect(Math.abs(calibration.slope / slope - 1)).toBeLessThan(0.05);
  });

  test.each(["logarithmic", "linear"] as const)(
    "the loss that is fitted is not worse than uncalibrated (%s)",
    (kind) => {
      const { scores, labels } = drawn(400, k, 2);
      const before = calibrate(
        kind === "linear"
          ? { kind, slope: 4, offsets: Array.from({ length: k }, () => 0) }
          : { kind, slope: 1 },
        scores,
      );
      const after = calibrate(fitCalibration(kind, scores, labels), scores);
      expect(smoothedLogLoss(after, labels)).toBeLessThanOrEqual(smoothedLogLoss(before, labels) + 1e-9);
    },
  );

  test.each(["logarithmic", "linear"] as const)(
    "calibrated rows are probabilities in the order of the scores (%s)",
    (kind) => {
      const { scores, labels } = drawn(200, k, 1);
      const out = calibrate(fitCalibration(kind, scores, labels), scores);
      for (let i = 0; i < 200; i++) {
        const row = out.data.subarray(i * k, (i + 1) * k);
        expect(row.reduce((sum, p) => sum + p)).toBeCloseTo(1, 12);
        expect(row.every((p) => p > 0 && p < 1)).toBe(true);
      }
    },
  );
});

test("slope 1 leaves probabilities as they are, and entries below 10⁻³ are lifted", () => {
  expectClose(
    calibrate(
      { kind: "logarithmic", slope: 1 },
      filled(1, 3, (_, j) => [0.2, 0.5, 0.3][j]!),
    ).data,
    [0.2, 0.5, 0.3],
    1e-15,
  );
  expectClose(
    calibrate(
      { kind: "logarithmic", slope: 1 },
      filled(1, 2, (_, j) => [-0.5, 1.5][j]!),
    ).data,
    [0.001 / 1.501, 1.5 / 1.501],
    1e-15,
  );
});

test("the linear kind finds offsets that plain temperature cannot", () => {
  const { scores, labels } = drawn(5000, 3, 1);
  const shifted = filled(5000, 3, (i, a) => Math.log(scores.data[i * 3 + a]!) / 4 + [0.3, -0.2, 0][a]!);
  const fitted = fitCalibration("linear", shifted, labels);
  const { slope } = fitted;
  const offsets = fitted.kind === "linear" ? fitted.offsets : [];
  expect(slope).toBeCloseTo(4, 0);
  expect(offsets[0]! - offsets[1]!).toBeCloseTo(-4 * 0.5, 0);
});

test.each(["logarithmic", "linear"] as const)(
  "separable scores keep finite slopes and losses (%s)",
  (kind) => {
    const labels = Int32Array.from({ length: 30 }, (_, i) => i % 3);
    const scores = filled(30, 3, (i, a) => (i % 3 === a ? 1 : 0));
    const calibration = fitCalibration(kind, scores, labels);
    expect(Number.isFinite(calibration.slope)).toBe(true);
    const p = calibrate(calibration, scores);
    expect(p.data.every(Number.isFinite)).toBe(true);
    expect(smoothedLogLoss(p, labels)).toBeLessThan(0.5);
  },
);

test("scores that are the same in every row are calibrated to the frequencies or left even", () => {
  const labels = Int32Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? 0 : 1));
  const scores = filled(40, 2, () => 0.5);
  expectClose(
    calibrate(fitCalibration("logarithmic", scores, labels), scores).data,
    new Float64Array(80).fill(0.5),
    1e-12,
  );
  const p = calibrate(fitCalibration("linear", scores, labels), scores);
  expect(p.data[0]).toBeCloseTo(0.25, 1);
});

test("weights count rows", () => {
  const { scores, labels } = drawn(60, 3, 1.5);
  const twice = filled(120, 3, (i, a) => scores.data[(i % 60) * 3 + a]!);
  const weighted = smoothedLogLoss(scores, labels, new Float64Array(60).fill(2));
  expect(weighted).toBeCloseTo(smoothedLogLoss(scores, labels), 12);
  const single = fitCalibration("logarithmic", scores, labels, new Float64Array(60).fill(2));
  const double = fitCalibration("logarithmic", twice, [...labels, ...labels]);
  expect(single.slope / double.slope).toBeCloseTo(1, 1); // the smoothing is by the number of rows
});
