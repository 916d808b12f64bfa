import { convert, type Engine, type Matrix } from "../linalg/index.ts";

/** What a matrix of features, a metric or an average gradient outer product, says about the inputs. */
export interface FeatureDirections {
  /** diag M / tr M: how much each coordinate counts. They sum to 1 (all are 0 when M is). */
  readonly importances: readonly number[];
  /** Eigenvalues as shares of the trace, descending; those below 0 count as 0. */
  readonly spectrum: readonly number[];
  /** Their unit eigenvectors, in that order; the entry of largest size is positive. */
  readonly vectors: readonly (readonly number[])[];
  /** How many directions count: (tr M)²/‖M‖_F² = (Σλ)²/Σλ²; 0 when M is 0. */
  readonly effectiveRank: number;
}

/**
 * Reads a symmetric positive semidefinite matrix of features, d × d. It is in the units of the coordinates: standardize them first to
 * compare them. Correlated coordinates share what they have in common arbitrarily.
 *
 * @throws RangeError when M is not square
 * @see Radhakrishnan et al., arXiv:2212.13881
 */
export async function featureDirections(engine: Engine, m: Matrix): Promise<FeatureDirections> {
  const d = m.rows;
  if (m.cols !== d) throw new RangeError(`featureDirections: got ${d} × ${m.cols}, expected a square matrix`);
  if (d === 0) return { importances: [], spectrum: [], vectors: [], effectiveRank: 0 };
  const { values, vectors } = await engine.eigenSymmetric(convert(m, "float64"));
  const descending = Array.from(values, (value) => Math.max(0, value)).toReversed();
  const diagonal = Array.from({ length: d }, (_, k) => m.data[k * (d + 1)]!);
  const trace = sum(descending);
  const squares = sum(descending.map((value) => value * value));
  return {
    importances: shares(diagonal),
    spectrum: shares(descending),
    vectors: descending.map((_, at) =>
      signed(Array.from({ length: d }, (_, k) => vectors.data[k * d + (d - 1 - at)]!)),
    ),
    effectiveRank: squares > 0 ? trace ** 2 / squares : 0,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Divided by their sum; zeros when it is not positive. */
function shares(values: readonly number[]): number[] {
  const total = sum(values);
  return values.map((value) => (total > 0 ? value / total : 0));
}

/** The vector or its opposite: the entry of largest size (the first of equals) is positive. */
function signed(vector: number[]): number[] {
  const largest = vector.reduce((a, b) => (Math.abs(b) > Math.abs(a) * (1 + 1e-9) ? b : a), 0);
  return largest < 0 ? vector.map((entry) => -entry) : vector;
}
