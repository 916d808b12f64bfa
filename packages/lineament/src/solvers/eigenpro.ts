import {
  type Engine,
  type Matrix,
  permutation,
  type Points,
  type Precision,
  random,
  sample,
  takeRows,
  zeros,
} from "../linalg/index.ts";
import { inPrecision, type KernelFunction } from "./cross-kernel.ts";
import {
  descend,
  type EigenProOptions,
  eigenProSettings,
  type EigenProSolution,
  EpochResidual,
  startingCoefficients,
} from "./eigenpro-epochs.ts";
import {
  type EigenProPreconditioner,
  eigenProPreconditioner,
  eigenProSteps,
} from "./eigenpro-preconditioner.ts";
import { takeChunkRows } from "./row-source.ts";

/** Rows in memory that are their own centers. */
export interface EigenProProblem {
  /** Rows in the coordinates that the kernel sees, n × d. */
  readonly x: Points;
  /** Targets, n × c, centered by the caller. */
  readonly y: Matrix;
  readonly kernel: KernelFunction;
  /** A preconditioner from some of these rows and their numbers, where it is there already. */
  readonly prepared?: PreparedSample | undefined;
}

/** A preconditioner and which rows it was made from. */
export interface PreparedSample {
  readonly preconditioner: EigenProPreconditioner;
  readonly rows: Int32Array;
}

/**
 * Kernel regression by preconditioned stochastic gradient descent (EigenPro 2): goes towards K A = Y, regularized by when it stops. A
 * batch B takes its kernel rows, errors g = K_BX A − Y_B, and
 *
 *     A_B ← A_B − (η/b) g,    A_S ← A_S + (η/b) E D Eᵀ K_SB g,
 *
 * S the sample of the preconditioner. Batch and rate follow from the largest diagonal entry and the largest eigenvalue of the
 * preconditioned kernel. An epoch takes n² kernel values; memory is b × n numbers.
 *
 * @returns A, n × c
 * @throws RangeError when sizes disagree
 * @see Ma and Belkin, arXiv:1806.06144
 */
export async function eigenPro(
  engine: Engine,
  { x, y, kernel, prepared }: EigenProProblem,
  options: EigenProOptions = {},
): Promise<EigenProSolution> {
  const { sampleSize, level, batch, memory, precision, seed, signal, enough } = eigenProSettings(options);
  const n = x.coordinates.rows;
  const c = y.cols;
  if (n < 1) throw new RangeError("eigenPro: there are no rows");
  if (y.rows !== n) throw new RangeError(`eigenPro: y has ${y.rows} rows, x has ${n}`);
  const a = startingCoefficients("eigenPro", options.start, n, c);
  const generator = random(seed);
  const rows = inPrecision(engine, x, precision);
  const all = { x: rows, y };
  const most = largestBatch(n, n, memory, precision);
  const members = prepared?.rows ?? sample(n, sampleSize ?? defaultSample(n), generator);
  const preconditioner =
    prepared?.preconditioner ??
    (await eigenProPreconditioner(engine, takeChunkRows(all, members).x, kernel, {
      level,
      largestBatch: most,
      signal,
    }));
  const { vectors, corrections } = preconditioner;
  const { batch: b, rate: firstRate } = eigenProSteps(preconditioner, most, batch);

  const stored = engine.allocate(n, c, precision);
  const block = engine.allocate(b, n, precision);
  const epoch = async (rate: number, best: number): Promise<number> => {
    stored.data.set(a.data);
    const order = permutation(n, generator);
    const residual = new EpochResidual(best);
    for (let first = 0; first < n; first += b) {
      signal?.throwIfAborted();
      if (enough?.aborted) break;
      const own = order.subarray(first, Math.min(n, first + b));
      const k = { data: block.data.subarray(0, own.length * n), rows: own.length, cols: n };
      await kernel({ x: takeChunkRows(all, own).x, z: rows, out: k, signal });
      const product = engine.allocate(own.length, c, precision);
      await engine.gemm({ a: k, b: stored, c: product });
      const targets = takeRows(y, own);
      const g = zeros(own.length, c);
      for (let at = 0; at < g.data.length; at++) g.data[at] = product.data[at]! - targets.data[at]!;
      if (!residual.add(g, targets)) return Infinity;
      // The last batch may be smaller than b: its step is that of a batch of b with zeros in it.
      const scale = rate / b;
      own.forEach((i, at) => {
        for (let l = 0; l < c; l++) a.data[i * c + l]! -= scale * g.data[at * c + l]!;
      });
      if (corrections.length > 0) {
        const between = zeros(own.length, members.length);
        for (let at = 0; at < own.length; at++)
          for (let j = 0; j < members.length; j++)
            between.data[at * members.length + j] = k.data[at * n + members[j]!]!;
        const correction = await sampleCorrection(engine, preconditioner, between, g);
        members.forEach((i, j) => {
          for (let l = 0; l < c; l++) a.data[i * c + l]! += scale * correction.data[j * c + l]!;
        });
        members.forEach((i) => stored.data.set(a.data.subarray(i * c, (i + 1) * c), i * c));
      }
      own.forEach((i) => stored.data.set(a.data.subarray(i * c, (i + 1) * c), i * c));
    }
    return residual.relative;
  };
  return await descend(a, { batch: b, rate: firstRate, level: vectors.cols }, epoch, options);
}

/** E D Eᵀ K_SB g, s × c. @param between - K_BS, b × s */
export async function sampleCorrection(
  engine: Engine,
  preconditioner: Pick<EigenProPreconditioner, "vectors" | "corrections">,
  between: Matrix<Float64Array>,
  g: Matrix<Float64Array>,
): Promise<Matrix<Float64Array>> {
  const inner = await eigenProjections(engine, preconditioner, between, g);
  const correction = zeros(between.cols, g.cols);
  await engine.gemm({ a: preconditioner.vectors, b: inner, c: correction });
  return correction;
}

/** D Eᵀ K_SB g, q × c. @param between - K_BS, b × s */
export async function eigenProjections(
  engine: Engine,
  { vectors, corrections }: Pick<EigenProPreconditioner, "vectors" | "corrections">,
  between: Matrix<Float64Array>,
  g: Matrix<Float64Array>,
): Promise<Matrix<Float64Array>> {
  const c = g.cols;
  const onSample = zeros(between.cols, c);
  await engine.gemm({ a: between, b: g, c: onSample, transposeA: true });
  const inner = zeros(vectors.cols, c);
  await engine.gemm({ a: vectors, b: onSample, c: inner, transposeA: true });
  for (let at = 0; at < inner.data.length; at++) inner.data[at]! *= corrections[Math.floor(at / c)]!;
  return inner;
}

/** s, the rows that a preconditioner is made from. */
export function defaultSample(n: number): number {
  return Math.min(n, n < 100_000 ? 2000 : 4000);
}

/** The most rows whose kernel values with m centers fit the memory. */
export function largestBatch(n: number, m: number, memory: number, precision: Precision): number {
  return Math.max(1, Math.min(n, Math.floor(memory / (precision === "float32" ? 4 : 8) / m)));
}
