import { type Engine, type Matrix, type Points, zeros } from "../linalg/index.ts";
import { type CenterFactor, type CenterPreconditioner, factorCenters } from "./center-factor.ts";
import { conjugateGradients } from "./conjugate-gradients.ts";
import { crossKernel, type CrossKernelOptions, type KernelFunction } from "./cross-kernel.ts";
import type { FactorReport } from "./ridge-system.ts";
import type { RowSource } from "./row-source.ts";
import { solverWorkspace } from "./solver-workspace.ts";

/** What a Nyström solver fits: f = Σ_j α_j k(·, z_j) to the rows of a source. */
export interface NystromProblem {
  readonly source: RowSource;
  /** Z, usually a uniform sample of the rows, in the coordinates that the kernel sees. */
  readonly centers: Points;
  /** The weights of the rows that the centers are, where the source has weights: they serve the preconditioner alone. */
  readonly centerWeights?: Float64Array | undefined;
  readonly kernel: KernelFunction;
}

/** Where a Nyström solver is. */
export interface NystromProgress {
  /** Passes over the rows that are finished. */
  readonly passes: number;
  /** The share of the current pass that is done. */
  readonly fraction: number;
  /** The largest residual relative to its right-hand side; 1 before the first step. */
  readonly residual: number;
}

/** How a Nyström solver runs. */
export interface NystromOptions extends Omit<CrossKernelOptions, "onBlock"> {
  /** When it is aborted no further step is made, but a first one without a start, and the best so far is returned. */
  readonly enough?: AbortSignal | undefined;
  readonly onProgress?: ((progress: NystromProgress) => void) | undefined;
}

/** How Nyström ridge regression is solved. */
export interface NystromRidgeOptions extends NystromOptions {
  /** λ > 0 in Σ w ‖y − f‖² + λ‖f‖² (no factor n); all are solved in the same passes. */
  readonly ridges: readonly number[];
  /** Relative residual of the preconditioned system at which a column is done. Default 1e-6. */
  readonly tolerance?: number | undefined;
  /** Default 20. */
  readonly maxSteps?: number | undefined;
  /** Coefficients to start from, M × c: one matrix for all ridges, or one for each. Default 0. */
  readonly start?: Matrix | readonly Matrix[] | undefined;
}

/** One λ of a Nyström fit. */
export interface NystromSolution {
  readonly ridge: number;
  /** α, M × c. */
  readonly coefficients: Matrix<Float64Array>;
  /** The largest relative residual of the preconditioned system over outputs. */
  readonly residual: number;
}

/** What `nystromRidge` found, and how. */
export interface NystromRidge {
  /** One a ridge; none when the kernel of the centers could not be factored. */
  readonly solutions: readonly NystromSolution[];
  readonly outcome: "converged" | "out-of-steps" | "stalled" | "interrupted" | "not-positive-definite";
  readonly steps: number;
  readonly passes: number;
  /** Of the kernel matrix of the centers; its jitter is added to it in the penalty too. */
  readonly factor: FactorReport;
}

/**
 * Kernel ridge regression restricted to M centers (Nyström): minimizes Σ_i w_i ‖y_i − f(x_i)‖² + λ‖f‖² over f = Σ_j α_j k(·, z_j),
 *
 *     (K_nMᵀ W K_nM + λ K_MM) α = K_nMᵀ W Y,
 *
 * by conjugate gradients on β with α = L⁻ᵀG⁻ᵀβ, L Lᵀ = K_MM, G Gᵀ = (n/M) Lᵀ W_Z L + λI: the system in β is near the identity as soon as
 * M ≳ √n log n, so that some ten steps suffice. Each step is one pass over K_nM in blocks that are never stored as a whole.
 * All vectors and M × M matrices are float64; kernel blocks and products with them have `precision`.
 *
 * Time: a pass takes n M kernel values and 4 n M flops a column. Memory: 8 M² bytes (1 + the number of ridges), and what
 * `memory` allows.
 *
 * @throws RangeError for sizes or ridges that make no sense
 * @see Rudi, Carratino and Rosasco, arXiv:1705.10958 (Falkon); Meanti et al., arXiv:2006.10350
 */
export async function nystromRidge(
  engine: Engine,
  { source, centers, centerWeights, kernel }: NystromProblem,
  { ridges, tolerance = 1e-6, maxSteps = 20, start, onProgress, ...options }: NystromRidgeOptions,
): Promise<NystromRidge> {
  const { signal, enough, precision = "float32", workspace = solverWorkspace(engine) } = options;
  const m = centers.coordinates.rows;
  const n = source.rows;
  const c = source.outputs;
  const width = c * ridges.length;
  checkProblem("nystromRidge", n, m, ridges, centerWeights);
  const starts = ridges.map((_, at) =>
    Array.isArray(start) ? (start as readonly Matrix[])[at] : (start as Matrix | undefined),
  );
  for (const one of starts)
    if (one && (one.rows !== m || one.cols !== c))
      throw new RangeError(`nystromRidge: start is ${one.rows} × ${one.cols}, expected ${m} × ${c}`);
  let residual = 1;
  const factor = await factorCenters(engine, centers, kernel, { blocks: precision, workspace, signal });
  if (!factor)
    return {
      solutions: [],
      outcome: "not-positive-definite",
      steps: 0,
      passes: 0,
      factor: { outcome: "not-positive-definite", jitter: 0 },
    };
  const preconditioners = await factor.preconditioners(centerShares(n, m, centerWeights), ridges);
  const k = crossKernel(engine, source, centers, kernel, {
    ...options,
    workspace,
    onBlock: (fraction) => onProgress?.({ passes: k.passes, fraction, residual }),
  });
  const system = new WhitenedColumns(factor, preconditioners, c);

  // K_nMᵀ W Y, and with a start α₀ also K_nMᵀ W (Y − K_nM α₀), in one pass.
  const warm = starts.some((one) => one !== undefined);
  const first = zeros(m, width);
  starts.forEach((one, at) => one && putColumns(first, at * c, one));
  const right = await k.pass(
    warm ? first : undefined,
    warm ? c + width : c,
    (products, { y, weights }, out) => {
      for (let i = 0; i < y.rows; i++) {
        const w = weights?.[i] ?? 1;
        for (let l = 0; l < c; l++) out.data[i * out.cols + l] = w * y.data[i * c + l]!;
        if (warm)
          for (let l = 0; l < width; l++)
            out.data[i * out.cols + c + l] = w * (y.data[i * c + (l % c)]! - products.data[i * width + l]!);
      }
    },
  );
  const targets = zeros(m, width);
  for (let i = 0; i < m; i++)
    for (let l = 0; l < width; l++) targets.data[i * width + l] = right.data[i * right.cols + (l % c)]!;
  await system.forward(targets);
  const scale = columnNorms(targets);
  let b = targets;
  if (warm) {
    b = zeros(m, width);
    for (let i = 0; i < m; i++)
      for (let l = 0; l < width; l++) b.data[i * width + l] = right.data[i * right.cols + c + l]!;
    const v = await factor.fromCoefficients(first);
    await factor.toWhitened(b);
    for (let at = 0; at < b.data.length; at++)
      b.data[at]! -= ridges[Math.floor((at % width) / c)]! * v.data[at]!;
    await system.preconditionForward(b);
  }

  const { x, outcome, steps, residuals } = await conjugateGradients(
    async (beta) => {
      const v: Matrix<Float64Array> = { ...beta, data: beta.data.slice() };
      await system.preconditionBackward(v);
      const w: Matrix<Float64Array> = { ...v, data: v.data.slice() };
      await factor.toCoefficients(w);
      const h = await k.pass(w, width, (products, { weights }, out) => {
        const { data } = products;
        if (!weights) out.data.set(data);
        else
          for (let at = 0; at < data.length; at++)
            out.data[at] = weights[Math.floor(at / width)]! * data[at]!;
      });
      await factor.toWhitened(h);
      for (let at = 0; at < h.data.length; at++)
        h.data[at]! += ridges[Math.floor((at % width) / c)]! * v.data[at]!;
      await system.preconditionForward(h);
      return h;
    },
    (r) => Promise.resolve(r),
    b,
    {
      tolerance,
      maxSteps,
      scale: scale.map((norm) => norm || 1),
      signal,
      enough,
      // From nothing, no step would be no answer.
      leastSteps: warm ? 0 : 1,
      onStep: (_, values) => (residual = Math.max(...values)),
    },
  );
  await system.preconditionBackward(x);
  await factor.toCoefficients(x);
  const solutions = ridges.map((ridge, at): NystromSolution => {
    const coefficients = takeColumns(x, at * c, c);
    starts[at]?.data.forEach((value, i) => (coefficients.data[i]! += value));
    return { ridge, coefficients, residual: Math.max(...residuals.subarray(at * c, (at + 1) * c)) };
  });
  return { solutions, outcome, steps, passes: k.passes, factor: factor.report };
}

/** Columns of several ridges side by side, c for each, and their changes of variables. */
class WhitenedColumns {
  readonly #factor: CenterFactor;
  readonly #preconditioners: readonly CenterPreconditioner[];
  readonly #outputs: number;

  constructor(factor: CenterFactor, preconditioners: readonly CenterPreconditioner[], outputs: number) {
    this.#factor = factor;
    this.#preconditioners = preconditioners;
    this.#outputs = outputs;
  }

  /** B ← G⁻¹ L⁻¹ B. */
  async forward(b: Matrix<Float64Array>): Promise<void> {
    await this.#factor.toWhitened(b);
    await this.preconditionForward(b);
  }

  /** B ← G⁻¹ B. */
  async preconditionForward(b: Matrix<Float64Array>): Promise<void> {
    await this.#each(b, (g, part) => g.forward(part));
  }

  /** B ← G⁻ᵀ B. */
  async preconditionBackward(b: Matrix<Float64Array>): Promise<void> {
    await this.#each(b, (g, part) => g.backward(part));
  }

  async #each(
    b: Matrix<Float64Array>,
    apply: (g: CenterPreconditioner, part: Matrix<Float64Array>) => Promise<void>,
  ): Promise<void> {
    for (const [at, g] of this.#preconditioners.entries()) {
      if (this.#preconditioners.length === 1) return apply(g, b);
      const part = takeColumns(b, at * this.#outputs, this.#outputs);
      await apply(g, part);
      putColumns(b, at * this.#outputs, part);
    }
  }
}

/** (n/M) W_Z: what a center stands for. */
export function centerShares(n: number, m: number, centerWeights: Float64Array | undefined): Float64Array {
  return Float64Array.from({ length: m }, (_, i) => ((centerWeights?.[i] ?? 1) * n) / m);
}

/** @throws RangeError naming what makes no sense */
export function checkProblem(
  call: string,
  n: number,
  m: number,
  ridges: readonly number[],
  centerWeights: Float64Array | undefined,
): void {
  if (n < 1 || m < 1)
    throw new RangeError(`${call}: ${n} rows and ${m} centers, expected at least one of each`);
  if (ridges.length === 0) throw new RangeError(`${call}: there is no λ to solve for`);
  for (const ridge of ridges)
    if (!(ridge > 0 && ridge < Infinity)) throw new RangeError(`${call}: λ = ${ridge}, expected λ > 0`);
  if (centerWeights && centerWeights.length !== m)
    throw new RangeError(`${call}: ${centerWeights.length} weights for ${m} centers`);
}

function columnNorms(a: Matrix): Float64Array {
  const sums = new Float64Array(a.cols);
  for (let at = 0; at < a.data.length; at++) sums[at % a.cols]! += a.data[at]! ** 2;
  return sums.map(Math.sqrt);
}

function takeColumns(a: Matrix<Float64Array>, start: number, count: number): Matrix<Float64Array> {
  const result = zeros(a.rows, count);
  for (let i = 0; i < a.rows; i++)
    for (let l = 0; l < count; l++) result.data[i * count + l] = a.data[i * a.cols + start + l]!;
  return result;
}

function putColumns(a: Matrix<Float64Array>, start: number, part: Matrix): void {
  for (let i = 0; i < a.rows; i++)
    for (let l = 0; l < part.cols; l++) a.data[i * a.cols + start + l] = part.data[i * part.cols + l]!;
}
