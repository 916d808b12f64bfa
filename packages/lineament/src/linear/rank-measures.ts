import type { Engine, MatrixLike } from "../linalg/index.ts";
import { checkCount, checkMatrix, checkNumbers, checkPositive } from "./checks.ts";
import { norm } from "./norm.ts";
import { singularParts } from "./singular-parts.ts";

// Measures of rank and size as functions of singular values, in any order; zeros may be left out.

/**
 * exp(−Σ_r p_r ln p_r), p_r = σ_r / Σ σ: a continuous extension of the rank, 1 ≤ erank ≤ rank; 0 for the zero matrix.
 * @throws RangeError when a value is negative or not finite
 * @see Roy and Vetterli, "The effective rank", EUSIPCO 2007
 */
export function effectiveRank(singularValues: ArrayLike<number>): number {
  const values = checkSpectrum("effectiveRank", singularValues);
  const most = largest(values);
  if (most === 0) return 0;
  const shares = values.map((sigma) => sigma / most);
  const sum = shares.reduce((total, share) => total + share, 0);
  let entropy = 0;
  for (const share of shares) {
    const p = share / sum;
    if (p > 0) entropy -= p * Math.log(p);
  }
  return Math.exp(entropy);
}

/**
 * ‖W‖_F² / ‖W‖₂² = Σ (σ_r/σ_1)², from 1 to the rank; 0 for the zero matrix.
 * @throws RangeError when a value is negative or not finite
 */
export function stableRank(singularValues: ArrayLike<number>): number {
  const values = checkSpectrum("stableRank", singularValues);
  const most = largest(values);
  return most === 0 ? 0 : values.reduce((sum, sigma) => sum + (sigma / most) ** 2, 0);
}

/**
 * The Schatten-p norm (Σ σ_r^p)^{1/p}, a quasi-norm for p < 1: nuclear for 1, Frobenius for 2, spectral for Infinity.
 * @throws RangeError unless p > 0, or when a value is negative or not finite
 */
export function schattenNorm(singularValues: ArrayLike<number>, p: number): number {
  const values = checkSpectrum("schattenNorm", singularValues);
  const most = largest(values);
  if (p === Infinity || most === 0) return most;
  checkPositive("schattenNorm", "p", p);
  return most * values.reduce((sum, sigma) => sum + (sigma / most) ** p, 0) ** (1 / p);
}

/**
 * Σ σ_r.
 * @throws RangeError when a value is negative or not finite
 */
export function nuclearNorm(singularValues: ArrayLike<number>): number {
  return checkSpectrum("nuclearNorm", singularValues).reduce((sum, sigma) => sum + sigma, 0);
}

/**
 * The smallest Σ_j ‖W_j‖_F² of all factorizations W = W_N ⋯ W_1: N Σ_r σ_r^{2/N}. Weight decay on N layers charges this for W.
 * @throws RangeError for an impossible depth, or when a value is negative or not finite
 */
export function factorizationNorm(singularValues: ArrayLike<number>, depth: number): number {
  checkCount("factorizationNorm", "depth", depth);
  const values = checkSpectrum("factorizationNorm", singularValues);
  return depth * values.reduce((sum, sigma) => sum + sigma ** (2 / depth), 0);
}

/**
 * The Frobenius distance to the nearest matrix of rank at most r: (Σ_{k>r} σ_k²)^{1/2}.
 * @throws RangeError unless r is a whole number ≥ 0, or when a value is negative or not finite
 */
export function distanceToRank(singularValues: ArrayLike<number>, r: number): number {
  if (!(Number.isInteger(r) && r >= 0))
    throw new RangeError(`distanceToRank: r is ${r}, expected a whole number ≥ 0`);
  const values = checkSpectrum("distanceToRank", singularValues);
  return norm(values.sort().subarray(0, Math.max(0, values.length - r)));
}

/**
 * The infimal rank of a set: the least r such that members of the set come within `tolerance` of the matrices of rank at most r.
 * A set of matrices of rank 2 has infimal rank 1 when one of rank 1 is approached.
 *
 * @param spectra - the singular values of members of the set, like the iterates of a run
 * @param tolerance - a distance > 0
 * @throws RangeError for an empty set, an impossible tolerance, or values that are negative or not finite
 * @see Razin and Cohen, arXiv:2005.06398, Definition 3
 */
export function infimalRank(spectra: readonly ArrayLike<number>[], tolerance: number): number {
  checkPositive("infimalRank", "tolerance", tolerance);
  if (spectra.length === 0)
    throw new RangeError("infimalRank: the set is empty, expected spectra of matrices");
  for (let r = 0; ; r++) if (spectra.some((values) => distanceToRank(values, r) <= tolerance)) return r;
}

/** The singular values of a matrix, descending, and what they say about its rank and size. */
export interface RankMeasures {
  readonly singularValues: Float64Array;
  /** How many singular values are above rounding, max(m, n) ε σ_1. */
  readonly rank: number;
  readonly effectiveRank: number;
  readonly stableRank: number;
  readonly nuclearNorm: number;
  readonly frobeniusNorm: number;
  readonly spectralNorm: number;
}

/** @throws RangeError when the matrix is empty or not finite */
export async function rankMeasures(engine: Engine, matrix: MatrixLike): Promise<RankMeasures> {
  const { values } = await singularParts(engine, checkMatrix("rankMeasures", "matrix", matrix));
  return {
    singularValues: values,
    rank: values.filter((sigma) => sigma > 0).length,
    effectiveRank: effectiveRank(values),
    stableRank: stableRank(values),
    nuclearNorm: nuclearNorm(values),
    frobeniusNorm: schattenNorm(values, 2),
    spectralNorm: schattenNorm(values, Infinity),
  };
}

function largest(values: Float64Array): number {
  return values.reduce((most, sigma) => Math.max(most, sigma), 0);
}

function checkSpectrum(call: string, singularValues: ArrayLike<number>): Float64Array {
  const values = checkNumbers(call, "singularValues", singularValues);
  const wrong = values.findIndex((sigma) => sigma < 0);
  if (wrong >= 0)
    throw new RangeError(`${call}: singularValues[${wrong}] is ${values[wrong]}, expected numbers ≥ 0`);
  return values;
}
