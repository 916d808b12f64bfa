import { checkCount } from "./checks.ts";
import { type Matrix, type Numbers, zeros } from "./matrix.ts";
import { eigenSymmetric } from "./plain/decompositions.ts";
import { breather } from "./queue.ts";
import { random } from "./random.ts";

/**
 * v ↦ A v for a symmetric A that need not be stored. `v` must not be changed; the image is read before the next call, so one
 * buffer may serve all.
 */
export type SymmetricProduct = (v: Float64Array) => Numbers | Promise<Numbers>;

/**
 * A Q = Q T + remainder q_{m+1} e_mᵀ with orthonormal Q = [q_1 … q_m] and tridiagonal T = Qᵀ A Q: what m steps of Lanczos
 * know about A.
 */
export interface Tridiagonalization {
  /** Diagonal of T, m numbers. */
  readonly alpha: Float64Array;
  /** Off-diagonal of T, m − 1 numbers ≥ 0. */
  readonly beta: Float64Array;
  /** Norm of what A q_m has outside of the basis: 0 when the span of the basis is invariant under A. */
  readonly remainder: number;
  /** q_1 … q_m; q_1 is the start vector at length 1. */
  readonly basis: readonly Float64Array[];
}

/** Lanczos from the inside: give the image of `direction` to `absorb`, again and again. */
export interface LanczosProcess {
  /** q_{m+1}, whose image comes next; undefined once the span of the basis is invariant. */
  readonly direction: Float64Array | undefined;
  /** m. */
  readonly steps: number;
  /** @throws RangeError when the image has another length, or is not finite */
  absorb(image: Numbers): void;
  /** What is known so far; at least one step must have been made. */
  tridiagonalization(): Tridiagonalization;
}

/**
 * The Lanczos process with full reorthogonalization, without the products: for whoever multiplies several vectors at once, or
 * wants to look between steps. Everybody else calls `lanczos`.
 *
 * @param start - any vector ≠ 0; it is copied
 */
export function lanczosProcess(start: Numbers): LanczosProcess {
  const n = start.length;
  const length = norm(start);
  if (!(length > 0 && length < Infinity))
    throw new RangeError(`lanczos: the start vector has norm ${length}, expected a finite one above 0`);
  const basis: Float64Array[] = [];
  const alpha: number[] = [];
  const beta: number[] = [];
  let direction: Float64Array | undefined = Float64Array.from(start, (value) => value / length);
  let remainder = 0;
  let scale = 0;
  return {
    get direction() {
      return direction;
    },
    get steps() {
      return basis.length;
    },
    absorb(image) {
      if (direction === undefined)
        throw new RangeError(
          `lanczos: the basis of ${basis.length} vectors is invariant, there is no next step`,
        );
      if (image.length !== n)
        throw new RangeError(`lanczos: the product has ${image.length} entries, expected ${n}`);
      if (basis.length > 0) beta.push(remainder);
      basis.push(direction);
      const rest = Float64Array.from(image);
      const diagonal = dot(direction, rest);
      if (!Number.isFinite(diagonal) || !Number.isFinite(norm(rest)))
        throw new RangeError(`lanczos: the product of step ${basis.length} is not finite`);
      alpha.push(diagonal);
      // Twice is enough: Giraud, Langou, Rozložník, van den Eshof 2005.
      for (let pass = 0; pass < 2; pass++)
        for (let j = basis.length - 1; j >= 0; j--) subtract(rest, dot(basis[j]!, rest), basis[j]!);
      scale = Math.max(scale, Math.abs(diagonal) + remainder);
      remainder = norm(rest);
      scale = Math.max(scale, remainder);
      // What rounding leaves of a vector inside the span carries no information about A.
      if (basis.length === n || remainder <= 4 * Number.EPSILON * Math.sqrt(n) * scale) {
        remainder = 0;
        direction = undefined;
        return;
      }
      const inverse = 1 / remainder;
      for (let i = 0; i < n; i++) rest[i]! *= inverse;
      direction = rest;
    },
    tridiagonalization: () => ({
      alpha: Float64Array.from(alpha),
      beta: Float64Array.from(beta),
      remainder,
      basis: basis.slice(),
    }),
  };
}

export interface LanczosOptions {
  /** Most steps. Default: the dimension, at most 100. Fewer are made when the basis becomes invariant. */
  readonly steps?: number;
  /** Seed of the normal start vector. Default 0. */
  readonly seed?: number;
  /** Another start vector. */
  readonly start?: Numbers;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lanczos with full reorthogonalization in float64. Memory: steps × dimension numbers; time: steps products and
 * 4 steps² dimension flops.
 *
 * @param product - v ↦ A v, A symmetric
 * @param dimension - length of v
 * @throws RangeError when the product has another length or is not finite
 * @see Golub and Van Loan, "Matrix Computations", §10.3
 */
export async function lanczos(
  product: SymmetricProduct,
  dimension: number,
  { steps = Math.min(dimension, 100), seed = 0, start, signal }: LanczosOptions = {},
): Promise<Tridiagonalization> {
  checkCount("lanczos", "steps", steps);
  const process = lanczosProcess(startVector("lanczos", dimension, seed, start));
  await advance(process, product, steps, signal);
  return process.tridiagonalization();
}

/** Eigenvalues of T ascending, with eigenvectors in the columns of `vectors` (m × m). */
export function ritzPairs({ alpha, beta }: Tridiagonalization): {
  readonly values: Float64Array;
  readonly vectors: Matrix;
} {
  const m = alpha.length;
  const t = zeros(m, m);
  for (let j = 0; j < m; j++) {
    t.data[j * m + j] = alpha[j]!;
    if (j > 0) t.data[j * m + j - 1] = beta[j - 1]!; // the lower triangle is all that is read
  }
  return eigenSymmetric(t);
}

/** Both ends of a spectrum. */
export interface ExtremeEigenvalues {
  readonly smallest: number;
  readonly largest: number;
  /** ‖A‖ = max(|smallest|, |largest|). */
  readonly norm: number;
  /** An eigenvalue of A is at most this far from `smallest` (and `largest`): the residual norms ‖A v − λ v‖. */
  readonly error: { readonly smallest: number; readonly largest: number };
  /** Products made. */
  readonly steps: number;
  readonly outcome: "converged" | "out-of-steps";
}

export interface ExtremeEigenvalueOptions extends LanczosOptions {
  /** Largest error, as a part of ‖A‖. Default 1e-10. */
  readonly tolerance?: number;
  /** Which ends must converge. Default both; the smallest eigenvalue of a smooth kernel takes many more steps than the largest. */
  readonly end?: "both" | "smallest" | "largest";
}

/**
 * The smallest and the largest eigenvalue of a symmetric matrix by Lanczos, as many steps as it takes (default at most 300).
 * Ritz values lie inside the spectrum: `largest` is never above the largest eigenvalue but for rounding.
 *
 * @param product - v ↦ A v, A symmetric
 * @param dimension - length of v
 */
export async function extremeEigenvalues(
  product: SymmetricProduct,
  dimension: number,
  {
    steps = Math.min(dimension, 300),
    seed = 0,
    start,
    tolerance = 1e-10,
    end = "both",
    signal,
  }: ExtremeEigenvalueOptions = {},
): Promise<ExtremeEigenvalues> {
  checkCount("extremeEigenvalues", "steps", steps);
  const process = lanczosProcess(startVector("extremeEigenvalues", dimension, seed, start));
  for (let next = 8; ; next = Math.ceil(1.25 * next)) {
    await advance(process, product, Math.min(next, steps), signal);
    const known = process.tridiagonalization();
    const { values, vectors } = ritzPairs(known);
    const m = values.length;
    const error = {
      smallest: known.remainder * Math.abs(vectors.data[(m - 1) * m]!),
      largest: known.remainder * Math.abs(vectors.data[m * m - 1]!),
    };
    const [smallest, largest] = [values[0]!, values[m - 1]!];
    const norm = Math.max(Math.abs(smallest), Math.abs(largest));
    const worst = end === "both" ? Math.max(error.smallest, error.largest) : error[end];
    const converged = worst <= tolerance * norm;
    if (converged || m >= steps || process.direction === undefined)
      return {
        smallest,
        largest,
        norm,
        error,
        steps: m,
        outcome: converged ? "converged" : "out-of-steps",
      };
  }
}

/** Makes steps until there are `steps` of them, or the basis is invariant. */
async function advance(
  process: LanczosProcess,
  product: SymmetricProduct,
  steps: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pause = breather(signal);
  while (process.direction !== undefined && process.steps < steps) {
    signal?.throwIfAborted();
    process.absorb(await product(process.direction));
    await pause();
  }
}

function startVector(call: string, dimension: number, seed: number, start: Numbers | undefined): Numbers {
  checkCount(call, "dimension", dimension);
  if (start === undefined) {
    const generator = random(seed);
    return Float64Array.from({ length: dimension }, () => generator.normal());
  }
  if (start.length !== dimension)
    throw new RangeError(`${call}: start has ${start.length} entries, expected ${dimension}`);
  return start;
}

function dot(a: Numbers, b: Numbers): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** ‖a‖, also where the squares leave float64. */
function norm(a: Numbers): number {
  const squares = dot(a, a);
  if (squares > 1e-280 && squares < Infinity) return Math.sqrt(squares);
  let largest = 0;
  for (const value of a) largest = Math.max(largest, Math.abs(value));
  if (!(largest > 0 && largest < Infinity)) return largest;
  let sum = 0;
  for (const value of a) sum += (value / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/** a ← a − factor b. */
function subtract(a: Float64Array, factor: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) a[i]! -= factor * b[i]!;
}
