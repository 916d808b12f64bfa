import { type Matrix, takeRows, zeros } from "../linalg/index.ts";

/**
 * A map from class scores π₀ + Q f (rows sum to 1, entries may leave [0, 1]) or probabilities to probabilities:
 *
 * - logarithmic: softmax(β log max(s, 10⁻³)), temperature scaling
 * - linear: softmax(β s + b)
 */
export type Calibration =
  | { readonly kind: "logarithmic"; readonly slope: number }
  | { readonly kind: "linear"; readonly slope: number; readonly offsets: readonly number[] };

/** Entries below this are lifted before the logarithm. */
const SMALLEST = 1e-3;
/** Probabilities below this are left out of the Hessian. */
const NEGLIGIBLE = 1e-3;
/** More rows than this begin with the calibration of one row in eight, which takes most of the steps at an eighth of the cost. */
const FIRST_ROWS = 500;
const THINNING = 8;
/** Newton ends when a step lowers the loss by less than this part of it: far below what tells two machines apart. */
const PROGRESS = 1e-6;

/** Probabilities of scores under a calibration, n × K; rows sum to 1. The scores are not changed. */
export function calibrate(calibration: Calibration, scores: Matrix): Matrix<Float64Array> {
  const { rows, cols } = scores;
  const out = zeros(rows, cols);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < cols; k++) {
      const score = scores.data[i * cols + k]!;
      out.data[i * cols + k] =
        calibration.kind === "linear"
          ? calibration.slope * score + calibration.offsets[k]!
          : calibration.slope * Math.log(Math.max(SMALLEST, score));
    }
    softmax(out.data.subarray(i * cols, (i + 1) * cols));
  }
  return out;
}

/**
 * Fits a calibration by damped Newton on the log loss of rows that the machine was not fitted on. Labels are smoothed by
 * 1/n of the uniform distribution, and the offsets b carry a unit ridge, so that separable classes keep finite slopes.
 *
 * @param labels - class numbers of the rows of `scores`
 */
export function fitCalibration(
  kind: Calibration["kind"],
  scores: Matrix,
  labels: ArrayLike<number>,
  weights?: ArrayLike<number>,
): Calibration {
  const { rows: n, cols: k } = scores;
  const offsets = kind === "linear" ? k : 0;
  const size = 1 + offsets;
  const feature = Float64Array.from(scores.data, (score) =>
    kind === "linear" ? score : Math.log(Math.max(SMALLEST, score)),
  );
  const smoothing = 1 / n;
  let parameters = firstParameters(kind, scores, labels, weights);
  const p = new Float64Array(k);
  const loss = (w: Float64Array): number => {
    let sum = 0;
    for (let a = 0; a < offsets; a++) sum += w[1 + a]! ** 2 / 2;
    for (let i = 0; i < n; i++) {
      let largest = -Infinity;
      for (let a = 0; a < k; a++) {
        p[a] = w[0]! * feature[i * k + a]! + (offsets ? w[1 + a]! : 0);
        largest = Math.max(largest, p[a]!);
      }
      let total = 0;
      let mean = 0;
      for (let a = 0; a < k; a++) {
        total += Math.exp(p[a]! - largest);
        mean += p[a]! / k;
      }
      sum +=
        (weights?.[i] ?? 1) *
        (largest + Math.log(total) - (1 - smoothing) * p[labels[i]!]! - smoothing * mean);
    }
    return sum;
  };
  let current = loss(parameters);
  for (let step = 0; step < 50; step++) {
    const gradient = new Float64Array(size);
    const hessian = new Float64Array(size * size);
    for (let i = 0; i < n; i++) {
      const weight = weights?.[i] ?? 1;
      for (let a = 0; a < k; a++)
        p[a] = parameters[0]! * feature[i * k + a]! + (offsets ? parameters[1 + a]! : 0);
      softmax(p);
      let mean = 0;
      let square = 0;
      for (let a = 0; a < k; a++) {
        const f = feature[i * k + a]!;
        mean += p[a]! * f;
        square += p[a]! * f * f;
        const error = weight * (p[a]! - smoothing / k - (a === labels[i] ? 1 - smoothing : 0));
        gradient[0]! += error * f;
        if (offsets) gradient[1 + a]! += error;
      }
      hessian[0]! += weight * (square - mean * mean);
      // Improbable classes hardly bend the loss; leaving them out of the curvature makes a step cost a few entries a row.
      for (let a = 0; a < offsets; a++) {
        if (p[a]! < NEGLIGIBLE) continue;
        const row = (1 + a) * size + 1;
        hessian[1 + a]! += weight * p[a]! * (feature[i * k + a]! - mean);
        hessian[row + a]! += weight * p[a]!;
        for (let b = 0; b <= a; b++) if (p[b]! >= NEGLIGIBLE) hessian[row + b]! -= weight * p[a]! * p[b]!;
      }
    }
    for (let a = 0; a < offsets; a++) {
      gradient[1 + a]! += parameters[1 + a]!;
      hessian[(1 + a) * size + 1 + a]! += 1;
      hessian[(1 + a) * size] = hessian[1 + a]!;
    }
    for (let a = 0; a < size; a++) hessian[a * size + a]! += 1e-9 * n;
    const direction = solveSmall(hessian, gradient);
    let scale = 1;
    let improved = false;
    for (; scale > 1e-4; scale /= 2) {
      const trial = parameters.map((value, a) => value - scale * direction[a]!);
      trial[0] = Math.min(1e3, Math.max(1e-3, trial[0]!));
      const value = loss(trial);
      if (value < current) {
        improved = current - value > PROGRESS * Math.abs(current);
        parameters = trial;
        current = value;
        break;
      }
    }
    if (!improved) break;
  }
  const slope = parameters[0]!;
  return kind === "linear" ? { kind, slope, offsets: Array.from(parameters.subarray(1)) } : { kind, slope };
}

/** β, then the offsets if there are any. */
function firstParameters(
  kind: Calibration["kind"],
  scores: Matrix,
  labels: ArrayLike<number>,
  weights: ArrayLike<number> | undefined,
): Float64Array<ArrayBuffer> {
  const { rows: n, cols: k } = scores;
  if (n <= FIRST_ROWS) {
    const start = new Float64Array(kind === "linear" ? 1 + k : 1);
    start[0] = kind === "linear" ? 4 : 1;
    return start;
  }
  const rows = Int32Array.from({ length: Math.floor(n / THINNING) }, (_, i) => i * THINNING);
  const first = fitCalibration(
    kind,
    takeRows(scores, rows),
    Int32Array.from(rows, (i) => labels[i]!),
    weights && Float64Array.from(rows, (i) => weights[i]!),
  );
  return Float64Array.from(first.kind === "linear" ? [first.slope, ...first.offsets] : [first.slope]);
}

/** Mean log loss against labels smoothed by 1/n of the uniform distribution: finite even for perfect separation. */
export function smoothedLogLoss(
  probabilities: Matrix,
  labels: ArrayLike<number>,
  weights?: ArrayLike<number>,
): number {
  const { rows: n, cols: k, data } = probabilities;
  const smoothing = 1 / n;
  let sum = 0;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const weight = weights?.[i] ?? 1;
    let mean = 0;
    for (let a = 0; a < k; a++) mean += Math.log(Math.max(1e-9, data[i * k + a]!)) / k;
    sum -=
      weight * ((1 - smoothing) * Math.log(Math.max(1e-9, data[i * k + labels[i]!]!)) + smoothing * mean);
    total += weight;
  }
  return sum / total;
}

/** z ← exp(z) / Σ exp(z), in place. */
export function softmax(z: Float64Array): void {
  let largest = -Infinity;
  for (const value of z) largest = Math.max(largest, value);
  let total = 0;
  for (let k = 0; k < z.length; k++) {
    z[k] = Math.exp(z[k]! - largest);
    total += z[k]!;
  }
  for (let k = 0; k < z.length; k++) z[k]! /= total;
}

/** H⁻¹ g for a small positive definite H (lower triangle read and overwritten). */
function solveSmall(h: Float64Array, g: Float64Array): Float64Array {
  const n = g.length;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = h[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= h[i * n + k]! * h[j * n + k]!;
      h[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / h[j * n + j]!;
    }
  }
  const x = Float64Array.from(g);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= h[i * n + k]! * x[k]!;
    x[i]! /= h[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= h[k * n + i]! * x[k]!;
    x[i]! /= h[i * n + i]!;
  }
  return x;
}
