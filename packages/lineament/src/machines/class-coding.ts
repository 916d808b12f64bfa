import { type Matrix, zeros } from "../linalg/index.ts";
import { softmax } from "./calibration.ts";

/**
 * Prevalence coding of K classes in K − 1 coordinates: class a is row a of Q − 1 π₀ᵀQ, Q an orthonormal basis of the
 * sum-zero subspace of ℝ^K and π₀ the training frequencies. All codes lie at squared distance 2; the origin is the prior.
 * Least squares on these codes is one-hot least squares on targets centered by the prior.
 *
 * @see PyTabKit's xRFM, `classification_mode = "prevalence"`
 */
export interface ClassCoding {
  /** π₀, K numbers. */
  readonly prior: Float64Array;
  /** Q, K × (K − 1). */
  readonly basis: Matrix<Float64Array>;
  /** `softmax`: values f are latent, of scores softmax(log π₀ + Q f), as logistic regression fits them. Default the scores π₀ + Q f. */
  readonly link?: "softmax" | undefined;
}

/**
 * The coding for these class frequencies; Q is the Helmert basis.
 *
 * @param prior - training class frequencies (weighted if there are weights), summing to 1
 */
export function classCoding(prior: Float64Array): ClassCoding {
  const k = prior.length;
  const basis = zeros(k, k - 1);
  // Helmert basis: column j is orthogonal to 1 and to the columns before it.
  for (let j = 0; j < k - 1; j++) {
    const length = Math.sqrt((j + 1) * (j + 2));
    for (let i = 0; i <= j; i++) basis.data[i * (k - 1) + j] = 1 / length;
    basis.data[(j + 1) * (k - 1) + j] = -(j + 1) / length;
  }
  return { prior, basis };
}

/** The codes of the labels (class numbers 0 … K − 1), n × (K − 1). */
export function encodeClasses(
  { prior, basis }: ClassCoding,
  labels: ArrayLike<number>,
): Matrix<Float64Array> {
  const k = prior.length;
  const c = k - 1;
  const origin = new Float64Array(c);
  for (let a = 0; a < k; a++) for (let j = 0; j < c; j++) origin[j]! += prior[a]! * basis.data[a * c + j]!;
  const codes = zeros(labels.length, c);
  for (let i = 0; i < labels.length; i++)
    for (let j = 0; j < c; j++) codes.data[i * c + j] = basis.data[labels[i]! * c + j]! - origin[j]!;
  return codes;
}

/** Class scores π₀ + Q f, n × K: rows sum to 1 but entries may leave [0, 1]. With the softmax link, probabilities. */
export function decodeScores({ prior, basis, link }: ClassCoding, f: Matrix): Matrix<Float64Array> {
  const k = prior.length;
  const c = k - 1;
  const origin = link === "softmax" ? prior.map(Math.log) : prior;
  const scores = zeros(f.rows, k);
  for (let i = 0; i < f.rows; i++) {
    for (let a = 0; a < k; a++) {
      let sum = origin[a]!;
      for (let j = 0; j < c; j++) sum += basis.data[a * c + j]! * f.data[i * c + j]!;
      scores.data[i * k + a] = sum;
    }
    if (link === "softmax") softmax(scores.data.subarray(i * k, (i + 1) * k));
  }
  return scores;
}

/** Class frequencies of the labels, weighted where weights are given. */
export function classFrequencies(
  labels: ArrayLike<number>,
  classes: number,
  weights?: ArrayLike<number>,
): Float64Array {
  const counts = new Float64Array(classes);
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const weight = weights?.[i] ?? 1;
    counts[labels[i]!]! += weight;
    total += weight;
  }
  return counts.map((count) => count / total);
}
