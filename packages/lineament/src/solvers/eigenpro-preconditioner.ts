import { type Engine, type Matrix, type Points, zeros } from "../linalg/index.ts";
import { inPrecision, type KernelFunction } from "./cross-kernel.ts";

/**
 * What stochastic gradient descent on a kernel machine is preconditioned with: I − Σ_{i<q} (1 − (Λ_q/Λ_i)^a) e_i ⊗ e_i, the leading
 * eigenfunctions e_i of the kernel as s sampled rows show them, damped to the eigenvalue that follows.
 */
export interface EigenProPreconditioner {
  /** The sampled rows. */
  readonly points: Points;
  /** q eigenfunctions are damped. */
  readonly level: number;
  /** E, s × q, in columns: e_i = Σ_j E_ji k(x_j, ·) / √(s Λ_i). */
  readonly vectors: Matrix<Float64Array>;
  /** Λ_0 ≥ … ≥ Λ_q, the leading eigenvalues of K_s / s and the one after them. */
  readonly eigenvalues: Float64Array;
  /** (1 − (Λ_q/Λ_i)^a) / (s Λ_i): the correction of coefficients is E diag(these) Eᵀ K_SB g. */
  readonly corrections: Float64Array;
  /** β, the largest diagonal entry of the preconditioned kernel on the sample. */
  readonly beta: number;
  /** Λ_new = Λ_0 (Λ_q/Λ_0)^a, the largest eigenvalue of the preconditioned kernel. */
  readonly largest: number;
}

/** How a preconditioner is made. */
export interface EigenProPreconditionerOptions {
  /** q. Default: as many as the largest batch can use, at least 5; at most a third of the sample and 1000. */
  readonly level?: number | undefined;
  /** a in (0, 1]. Default 0.95. */
  readonly exponent?: number | undefined;
  /** b_max, the largest batch that memory allows; for the default level. */
  readonly largestBatch: number;
  readonly signal?: AbortSignal | undefined;
}

/** Eigenvalues below this part of the largest are rounding. */
const SMALLEST_EIGENVALUE = 1e-12;

/**
 * The preconditioner from sampled rows, by an eigendecomposition of their kernel matrix in float64: about 9 s³ flops.
 *
 * @see Ma and Belkin, arXiv:1806.06144, §4
 */
export async function eigenProPreconditioner(
  engine: Engine,
  sample: Points,
  kernel: KernelFunction,
  { level, exponent: a = 0.95, largestBatch, signal }: EigenProPreconditionerOptions,
): Promise<EigenProPreconditioner> {
  const s = sample.coordinates.rows;
  const k = engine.allocate(s, s, "float64") as Matrix<Float64Array>;
  await kernel({ x: inPrecision(engine, sample, "float64"), out: k, signal });
  const diagonal = Float64Array.from({ length: s }, (_, i) => k.data[i * s + i]!);
  const { values, vectors } = await engine.eigenSymmetric(k);
  signal?.throwIfAborted();
  const eigenvalues = Float64Array.from({ length: s }, (_, i) => Math.max(0, values[s - 1 - i]! / s));
  const usable = eigenvalues.filter((value) => value > SMALLEST_EIGENVALUE * eigenvalues[0]!).length;
  const q = Math.max(0, Math.min(level ?? chosenLevel(eigenvalues, a, s, largestBatch), usable - 1));
  const tail = eigenvalues[q]!;
  const damping = (i: number): number => 1 - (tail / eigenvalues[i]!) ** a;
  const leading = zeros(s, q);
  for (let j = 0; j < s; j++)
    for (let i = 0; i < q; i++) leading.data[j * q + i] = vectors.data[j * s + s - 1 - i]!;
  let beta = 0;
  for (let j = 0; j < s; j++) {
    let entry = diagonal[j]!;
    for (let i = 0; i < q; i++) entry -= s * eigenvalues[i]! * damping(i) * leading.data[j * q + i]! ** 2;
    beta = Math.max(beta, entry);
  }
  return {
    points: sample,
    level: q,
    vectors: leading,
    eigenvalues: eigenvalues.slice(0, q + 1),
    corrections: Float64Array.from({ length: q }, (_, i) => damping(i) / (s * eigenvalues[i]!)),
    beta,
    largest: eigenvalues[0]! * (tail / eigenvalues[0]!) ** a,
  };
}

/** As many eigenvalues as still let the batch grow up to the largest one that pays. */
function chosenLevel(eigenvalues: Float64Array, a: number, s: number, largestBatch: number): number {
  const candidates = Math.min(1000, Math.max(0, Math.floor(s / 3) - 1));
  const most = Math.min(Math.max(s / 5, largestBatch), s);
  let count = 0;
  while (count < candidates && eigenvalues[count]! ** -a < most) count++;
  return Math.min(candidates, Math.max(5, count - 1));
}

/** How large batches are, and how far a step goes. */
export interface EigenProSteps {
  /** b. */
  readonly batch: number;
  /** η, for updates by −η/b times a gradient. */
  readonly rate: number;
}

/**
 * b = ⌊β/Λ⌋ + 1, at most what memory allows, and η = b/β below that batch, 2 · 0.99 b/(β + (b − 1) Λ) from it on (a larger batch is
 * asked for by `batch`).
 *
 * @param most - the largest batch
 */
export function eigenProSteps(
  { beta, largest }: Pick<EigenProPreconditioner, "beta" | "largest">,
  most: number,
  batch = Math.floor(beta / largest) + 1,
): EigenProSteps {
  const b = Math.max(1, Math.min(batch, most));
  const rate = b < beta / largest + 1 ? b / beta : (2 * 0.99 * b) / (beta + (b - 1) * largest);
  return { batch: b, rate };
}
