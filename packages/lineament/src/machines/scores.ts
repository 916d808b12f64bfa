import type { Matrix } from "../linalg/index.ts";

/** How well predictions of a number fit. */
export interface RegressionScores {
  /** 1 − Σ(y − f)² / Σ(y − ȳ)², with ȳ the mean of the scored rows. */
  readonly r2: number;
  readonly rmse: number;
  readonly mae: number;
}

/** How well class probabilities fit. */
export interface ClassificationScores {
  readonly accuracy: number;
  /** Mean −log p(y), p clipped at 1e-6. */
  readonly logLoss: number;
  /** Mean over rows of Σ_k (p_k − [y = k])² / K. */
  readonly brier: number;
  /** Area under the ROC curve; for more than two classes the mean over one-against-rest curves. NaN-free: undefined when a side is empty. */
  readonly auc: number | undefined;
  /** F1 of the second class for two classes, else the mean over classes. */
  readonly f1: number;
}

/**
 * R², root mean squared and mean absolute error of n predictions.
 *
 * @param weights - one a row; default all equal
 */
export function regressionScores(
  y: ArrayLike<number>,
  prediction: ArrayLike<number>,
  weights?: ArrayLike<number>,
): RegressionScores {
  let total = 0;
  let mean = 0;
  for (let i = 0; i < y.length; i++) {
    const w = weights?.[i] ?? 1;
    total += w;
    mean += w * y[i]!;
  }
  mean /= total;
  let squared = 0;
  let absolute = 0;
  let variance = 0;
  for (let i = 0; i < y.length; i++) {
    const w = weights?.[i] ?? 1;
    squared += w * (y[i]! - prediction[i]!) ** 2;
    absolute += w * Math.abs(y[i]! - prediction[i]!);
    variance += w * (y[i]! - mean) ** 2;
  }
  // A constant scored target: perfect predictions score 1, others 0, as scikit-learn has it.
  const r2 = variance > 0 ? 1 - squared / variance : squared === 0 ? 1 : 0;
  return { r2, rmse: Math.sqrt(squared / total), mae: absolute / total };
}

/** The class of the largest probability in each row; ties go to the first. */
export function mostLikely(probabilities: Matrix): Int32Array {
  const { rows, cols, data } = probabilities;
  return Int32Array.from({ length: rows }, (_, i) => {
    let best = 0;
    for (let k = 1; k < cols; k++) if (data[i * cols + k]! > data[i * cols + best]!) best = k;
    return best;
  });
}

/**
 * Scores of class probabilities, n × K.
 *
 * @param labels - the true class numbers, 0 … K − 1
 */
export function classificationScores(labels: ArrayLike<number>, probabilities: Matrix): ClassificationScores {
  const { rows: n, cols: k, data } = probabilities;
  const predicted = mostLikely(probabilities);
  let correct = 0;
  let brier = 0;
  const truePositive = new Float64Array(k);
  const actual = new Float64Array(k);
  const claimed = new Float64Array(k);
  for (let i = 0; i < n; i++) {
    const label = labels[i]!;
    actual[label]!++;
    claimed[predicted[i]!]!++;
    if (predicted[i] === label) {
      correct++;
      truePositive[label]!++;
    }
    for (let a = 0; a < k; a++) brier += (data[i * k + a]! - (a === label ? 1 : 0)) ** 2;
  }
  const f1 = (a: number): number =>
    actual[a]! + claimed[a]! === 0 ? 0 : (2 * truePositive[a]!) / (actual[a]! + claimed[a]!);
  const curves = (k === 2 ? [1] : Array.from({ length: k }, (_, a) => a))
    .map((a) => areaUnderCurve(labels, (i) => data[i * k + a]!, a, n))
    .filter((area) => area !== undefined);
  return {
    accuracy: correct / n,
    logLoss: logLoss(labels, probabilities),
    brier: brier / (n * k),
    auc: curves.length ? curves.reduce((sum, area) => sum + area, 0) / curves.length : undefined,
    f1:
      k === 2 ? f1(1) : Array.from({ length: k }, (_, a) => f1(a)).reduce((sum, value) => sum + value, 0) / k,
  };
}

/** Mean −log p(y), probabilities clipped at 1e-6. */
export function logLoss(labels: ArrayLike<number>, probabilities: Matrix): number {
  const { rows: n, cols: k, data } = probabilities;
  let sum = 0;
  for (let i = 0; i < n; i++) sum -= Math.log(Math.max(1e-6, data[i * k + labels[i]!]!));
  return sum / n;
}

/** The probability that a row of the class scores above a row of another, ties counted half (Mann and Whitney). */
function areaUnderCurve(
  labels: ArrayLike<number>,
  score: (i: number) => number,
  positive: number,
  n: number,
): number | undefined {
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => score(a) - score(b));
  let rankSum = 0;
  let positives = 0;
  for (let start = 0; start < n;) {
    let end = start;
    while (end < n && score(order[end]!) === score(order[start]!)) end++;
    const rank = (start + end + 1) / 2;
    for (let at = start; at < end; at++)
      if (labels[order[at]!] === positive) {
        positives++;
        rankSum += rank;
      }
    start = end;
  }
  const negatives = n - positives;
  if (positives === 0 || negatives === 0) return undefined;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Counts, `matrix[actual][predicted]`. */
export function confusion(
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): number[][] {
  const counts = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]![predicted[i]!]!++;
  return counts;
}
