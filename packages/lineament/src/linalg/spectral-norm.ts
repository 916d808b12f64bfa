import { checkCount } from "./checks.ts";
import { eigenSymmetric } from "./plain/decompositions.ts";
import { zeros } from "./matrix.ts";
import type { SymmetricProduct } from "./lanczos.ts";
import { breather } from "./queue.ts";
import { random } from "./random.ts";

export interface SpectralNormOptions {
  /** Largest residual of the eigenvector of largest |λ|, as a part of the norm; the norm is more exact than that. Default 1e-2. */
  readonly tolerance?: number;
  /** Most products. Default: the dimension, at most 300. */
  readonly steps?: number;
  /** Seed of the normal start vector. Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal | undefined;
}

/** ‖A‖ as Lanczos knows it. */
export interface SpectralNorm {
  /** Never above ‖A‖ but for rounding. */
  readonly value: number;
  /** An eigenvalue of ±A is at most this far from `value`: the residual norm ‖A v − λ v‖. */
  readonly error: number;
  /** Products made. */
  readonly steps: number;
  readonly outcome: "converged" | "out-of-steps";
}

/**
 * ‖A‖ = max |λ| of a symmetric matrix, both signs of λ alike, by Lanczos without reorthogonalization: it stores three vectors
 * whatever the number of steps, and time is that of the products. Lost orthogonality repeats Ritz values that have converged,
 * which does not change the largest one (Paige 1980). For both ends of a spectrum to full precision: `extremeEigenvalues`.
 *
 * @param product - v ↦ A v, A symmetric
 * @param dimension - length of v
 * @throws RangeError when the product has another length or is not finite
 */
export async function spectralNorm(
  product: SymmetricProduct,
  dimension: number,
  { tolerance = 1e-2, steps = Math.min(dimension, 300), seed = 0, signal }: SpectralNormOptions = {},
): Promise<SpectralNorm> {
  checkCount("spectralNorm", "dimension", dimension);
  checkCount("spectralNorm", "steps", steps);
  const generator = random(seed);
  let direction = Float64Array.from({ length: dimension }, () => generator.normal());
  scale(direction, 1 / norm(direction));
  let before = new Float64Array(dimension);
  const alpha: number[] = [];
  const beta: number[] = [];
  let remainder = 0;
  let largest = 0;
  let look = 6;
  const pause = breather(signal);
  for (;;) {
    signal?.throwIfAborted();
    const image = await product(direction);
    if (image.length !== dimension)
      throw new RangeError(`spectralNorm: the product has ${image.length} entries, expected ${dimension}`);
    // The next direction is written over the one before the last.
    const rest = before;
    for (let k = 0; k < dimension; k++) rest[k] = image[k]! - remainder * rest[k]!;
    let diagonal = 0;
    for (let k = 0; k < dimension; k++) diagonal += rest[k]! * direction[k]!;
    for (let k = 0; k < dimension; k++) rest[k]! -= diagonal * direction[k]!;
    if (alpha.length > 0) beta.push(remainder);
    alpha.push(diagonal);
    remainder = norm(rest);
    if (!Number.isFinite(diagonal) || !Number.isFinite(remainder))
      throw new RangeError(`spectralNorm: the product of step ${alpha.length} is not finite`);
    largest = Math.max(largest, Math.abs(diagonal), remainder);
    const invariant = remainder <= 4 * Number.EPSILON * Math.sqrt(dimension) * largest;
    if (invariant || alpha.length >= Math.min(look, steps)) {
      const found = largestRitzPair(alpha, beta);
      const error = invariant ? 0 : remainder * found.last;
      const converged = error <= tolerance * found.value;
      if (converged || alpha.length >= steps)
        return {
          value: found.value,
          error,
          steps: alpha.length,
          outcome: converged ? "converged" : "out-of-steps",
        };
      look = Math.ceil(1.25 * look);
    }
    scale(rest, 1 / remainder);
    [before, direction] = [direction, rest];
    await pause();
  }
}

/** max |θ| over eigenvalues θ of T, and the size of the last entry of its eigenvector. */
function largestRitzPair(alpha: readonly number[], beta: readonly number[]): { value: number; last: number } {
  const m = alpha.length;
  const t = zeros(m, m);
  for (let j = 0; j < m; j++) {
    t.data[j * m + j] = alpha[j]!;
    if (j > 0) t.data[j * m + j - 1] = beta[j - 1]!; // the lower triangle is all that is read
  }
  const { values, vectors } = eigenSymmetric(t);
  const at = Math.abs(values[0]!) > Math.abs(values[m - 1]!) ? 0 : m - 1;
  return { value: Math.abs(values[at]!), last: Math.abs(vectors.data[(m - 1) * m + at]!) };
}

function norm(a: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * a[k]!;
  return Math.sqrt(sum);
}

function scale(a: Float64Array, factor: number): void {
  for (let k = 0; k < a.length; k++) a[k]! *= factor;
}
