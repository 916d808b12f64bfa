import { type Engine, type Matrix, zeros } from "../linalg/index.ts";
import { type CenterFactor, factorCenters } from "./center-factor.ts";
import { conjugateGradients } from "./conjugate-gradients.ts";
import { crossKernel } from "./cross-kernel.ts";
import { logisticProbabilities } from "./logistic.ts";
import { centerShares, checkProblem, type NystromOptions, type NystromProblem } from "./nystrom-ridge.ts";
import type { FactorReport } from "./ridge-system.ts";
import type { RowChunk } from "./row-source.ts";
import { solverWorkspace } from "./solver-workspace.ts";

/** What `nystromLogistic` minimizes, and until when. */
export interface NystromLogisticOptions extends NystromOptions {
  /** K, the number of classes. The source's targets are one column of class numbers 0 … K − 1. */
  readonly classes: number;
  /** λ > 0 in Σ w ℓ + λ tr(Aᵀ K_MM A). */
  readonly ridge: number;
  /** b, one fixed number a class that is added to the latent values. Default 0. */
  readonly offsets?: ArrayLike<number> | undefined;
  /** The gradient, relative to that at A = 0, at which the steps end. Default 1e-4. */
  readonly tolerance?: number | undefined;
  /** Newton steps. Default 20. */
  readonly maxSteps?: number | undefined;
  /** Coefficients to start from, M × 1 or M × K; the penalty then does not descend from a larger one. Default 0. */
  readonly start?: Matrix | undefined;
}

/** What `nystromLogistic` found, and how its steps ended. */
export interface NystromLogistic {
  /** A: M × 1 for two classes (the log-odds of class 1), else M × K (rows sum to 0). */
  readonly coefficients: Matrix<Float64Array>;
  readonly outcome: "converged" | "out-of-steps" | "interrupted" | "not-positive-definite";
  /** Newton steps taken. */
  readonly steps: number;
  readonly passes: number;
  /** The objective at the asked λ, at the start and after each step. */
  readonly objective: readonly number[];
  /** The norm of the gradient relative to that at A = 0, in the norm of functions. */
  readonly stationarity: number;
  readonly factor: FactorReport;
}

/** The penalty descends from n times this, by a factor of 100 a step. */
const FIRST_PENALTY = 1e-2;
const DESCENT = 100;
/** Conjugate gradient steps of a Newton step: while the penalty descends, and at its end. */
const INNER_STEPS = { descending: 3, last: 8 } as const;
/** A rise of the objective by this part of it is rounding of the sums in float32. */
const ROUNDING = 1e-6;
const MOST_HALVINGS = 12;

/**
 * Kernel logistic regression restricted to M centers: minimizes Σ_i w_i ℓ(y_i, f_i + b) + λ tr(Aᵀ K_MM A), F = K_nM A, ℓ the log loss of
 * the softmax. The same objective, with one latent column for two classes and K for more, as `fitKernelLogistic`.
 *
 * Newton's method along a descending penalty, each step solved by a few conjugate gradients in v = Lᵀα, with G Gᵀ = (n/M) Lᵀ D_Z L + 2λI for
 * their preconditioner, D_Z the curvature of the loss at the centers (its mean over classes). Latent values are computed anew
 * in every pass, so nothing of length n is stored. A step that would raise the objective is halved.
 *
 * @throws RangeError for sizes, labels or a ridge that make no sense
 * @see Marteau-Ferey, Bach and Rudi, arXiv:1907.01771; Meanti et al., arXiv:2006.10350
 */
export async function nystromLogistic(
  engine: Engine,
  { source, centers, centerWeights, kernel }: NystromProblem,
  {
    classes,
    ridge,
    offsets,
    tolerance = 1e-4,
    maxSteps = 20,
    start,
    onProgress,
    ...options
  }: NystromLogisticOptions,
): Promise<NystromLogistic> {
  const { signal, enough, precision = "float32", workspace = solverWorkspace(engine) } = options;
  const n = source.rows;
  const m = centers.coordinates.rows;
  const wrong = (what: string): RangeError => new RangeError(`nystromLogistic: ${what}`);
  checkProblem("nystromLogistic", n, m, [ridge], centerWeights);
  if (!(classes >= 2)) throw wrong(`${classes} classes, expected at least 2`);
  if (source.outputs !== 1) throw wrong(`the targets have ${source.outputs} columns, expected class numbers`);
  if (offsets && offsets.length !== classes) throw wrong(`${offsets.length} offsets for ${classes} classes`);
  const c = classes === 2 ? 1 : classes;
  if (start && (start.rows !== m || start.cols !== c))
    throw wrong(`start is ${start.rows} × ${start.cols}, expected ${m} × ${c}`);
  const loss = softmaxLoss(classes, offsets);
  const factor = await factorCenters(engine, centers, kernel, { blocks: precision, workspace, signal });
  if (!factor)
    return {
      coefficients: zeros(m, c),
      outcome: "not-positive-definite",
      steps: 0,
      passes: 0,
      objective: [],
      stationarity: 1,
      factor: { outcome: "not-positive-definite", jitter: 0 },
    };
  let stationarity = 1;
  const k = crossKernel(engine, source, centers, kernel, {
    ...options,
    workspace,
    onBlock: (fraction) => onProgress?.({ passes: k.passes, fraction, residual: stationarity }),
  });

  /** The loss at v and L⁻¹ K_nMᵀ W(Π − Y), its gradient by v. */
  const evaluate = async (
    v: Matrix<Float64Array>,
  ): Promise<{ loss: number; gradient: Matrix<Float64Array> }> => {
    const alpha = copyOf(v);
    await factor.toCoefficients(alpha);
    let sum = 0;
    const gradient = await k.pass(alpha, c, (latent, block, out) => {
      sum += loss.errors(latent, block, out);
    });
    await factor.toWhitened(gradient);
    return { loss: sum, gradient };
  };

  let v = zeros(m, c);
  let now = await evaluate(v);
  const scale = norm(now.gradient) || 1;
  if (start) {
    v = await factor.fromCoefficients({ ...start, data: Float64Array.from(start.data) });
    now = await evaluate(v);
  }
  const total = (at: { loss: number }, where: Matrix<Float64Array>, penalty: number): number =>
    at.loss + penalty * norm(where) ** 2;
  const objective = [total(now, v, ridge)];
  let penalty = start ? ridge : Math.max(ridge, FIRST_PENALTY * n);
  const end = async (outcome: NystromLogistic["outcome"], steps: number): Promise<NystromLogistic> => {
    const coefficients = copyOf(v);
    await factor.toCoefficients(coefficients);
    return { coefficients, outcome, steps, passes: k.passes, objective, stationarity, factor: factor.report };
  };
  for (let step = 0; ; step++) {
    const gradient = combined(now.gradient, v, 2 * penalty);
    stationarity = norm(penalty === ridge ? gradient : combined(now.gradient, v, 2 * ridge)) / scale;
    if (penalty === ridge && stationarity <= tolerance) return await end("converged", step);
    if (step === maxSteps) return await end("out-of-steps", step);
    // From nothing, no step would be no answer.
    if (enough?.aborted && (start || step > 0)) return await end("interrupted", step);
    const direction = await newtonDirection(factor, v, gradient, penalty);
    let size = 1;
    let next = combined(v, direction, -1);
    let there = await evaluate(next);
    while (
      total(there, next, penalty) > total(now, v, penalty) * (1 + ROUNDING) &&
      size > 2 ** -MOST_HALVINGS
    ) {
      size /= 2;
      next = combined(v, direction, -size);
      there = await evaluate(next);
    }
    // No descent in this precision: what there is is the minimum.
    if (size <= 2 ** -MOST_HALVINGS && penalty === ridge) return await end("converged", step);
    v = next;
    now = there;
    objective.push(total(now, v, ridge));
    penalty = Math.max(ridge, penalty / DESCENT);
  }

  /** (Hessian at v)⁻¹ gradient, roughly. */
  async function newtonDirection(
    whitened: CenterFactor,
    at: Matrix<Float64Array>,
    gradient: Matrix<Float64Array>,
    lambda: number,
  ): Promise<Matrix<Float64Array>> {
    const curvatures = loss.curvatures(await whitened.valuesAtCenters(at));
    const shares = centerShares(n, m, centerWeights);
    const [g] = await whitened.preconditioners(
      shares.map((share, i) => share * curvatures[i]!),
      [2 * lambda],
    );
    const alpha = copyOf(at);
    await whitened.toCoefficients(alpha);
    const b = copyOf(gradient);
    await g!.forward(b);
    // The Hessian couples the classes: one system, whose vector is all columns.
    const flat = { rows: m * c, cols: 1 };
    const columns = { rows: m, cols: c };
    const { x } = await conjugateGradients(
      async (beta) => {
        const u = { ...columns, data: beta.data.slice() };
        await g!.backward(u);
        const w = copyOf(u);
        await whitened.toCoefficients(w);
        const h = await k.pass(sideBySide(alpha, w), c, loss.hessianProducts);
        await whitened.toWhitened(h);
        const result = combined(h, u, 2 * lambda);
        await g!.forward(result);
        return { ...flat, data: result.data };
      },
      (r) => Promise.resolve(r),
      { ...flat, data: b.data },
      {
        tolerance: Math.min(0.1, tolerance * 10),
        maxSteps: lambda === ridge ? INNER_STEPS.last : INNER_STEPS.descending,
        signal,
        enough,
        leastSteps: 1,
      },
    );
    const direction = { ...columns, data: x.data };
    await g!.backward(direction);
    return direction;
  }
}

/** The log loss of a softmax over rows of latent values: one column for two classes, else one a class. */
function softmaxLoss(classes: number, offsets: ArrayLike<number> | undefined) {
  const c = classes === 2 ? 1 : classes;
  const labelOf = ({ y }: RowChunk, i: number): number => {
    const label = y.data[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new RangeError(`nystromLogistic: a label is ${label}, expected 0 … ${classes - 1}`);
    return label;
  };
  return {
    /** out ← W(Π − Y); the sum of w ℓ. */
    errors(latent: Matrix, block: RowChunk, out: Matrix): number {
      let sum = 0;
      const p = logisticProbabilities(latent, offsets);
      for (let i = 0; i < latent.rows; i++) {
        const w = block.weights?.[i] ?? 1;
        const label = labelOf(block, i);
        sum -= w === 0 ? 0 : w * logarithm(latent, p, i, label, offsets);
        for (let l = 0; l < c; l++) {
          const a = c === 1 ? 1 : l;
          out.data[i * c + l] = w * (p.data[i * classes + a]! - (label === a ? 1 : 0));
        }
      }
      return sum;
    },
    /** out ← W H U for products [F, U]: per row (diag(π) − ππᵀ) u. */
    hessianProducts: ({ data, rows, cols }: Matrix, { weights }: RowChunk, out: Matrix): void => {
      const latent = zeros(rows, c);
      for (let i = 0; i < rows; i++) for (let l = 0; l < c; l++) latent.data[i * c + l] = data[i * cols + l]!;
      const p = logisticProbabilities(latent, offsets);
      for (let i = 0; i < rows; i++) {
        const w = weights?.[i] ?? 1;
        if (c === 1) {
          out.data[i] = w * p.data[2 * i]! * p.data[2 * i + 1]! * data[2 * i + 1]!;
          continue;
        }
        let mean = 0;
        for (let l = 0; l < c; l++) mean += p.data[i * c + l]! * data[i * cols + c + l]!;
        for (let l = 0; l < c; l++)
          out.data[i * c + l] = w * p.data[i * c + l]! * (data[i * cols + c + l]! - mean);
      }
    },
    /** The mean of the nonzero eigenvalues of diag(π) − ππᵀ in every row: p(1 − p) for two classes. */
    curvatures(latent: Matrix): Float64Array {
      const p = logisticProbabilities(latent, offsets);
      return Float64Array.from({ length: latent.rows }, (_, i) => {
        if (c === 1) return p.data[2 * i]! * p.data[2 * i + 1]!;
        let sum = 0;
        for (let l = 0; l < c; l++) sum += p.data[i * c + l]! * (1 - p.data[i * c + l]!);
        return sum / (classes - 1);
      });
    },
  };
}

/** log π of a class, also where π leaves float64. */
function logarithm(
  latent: Matrix,
  p: Matrix,
  i: number,
  label: number,
  offsets: ArrayLike<number> | undefined,
): number {
  const probability = p.data[i * p.cols + label]!;
  if (probability > 1e-300) return Math.log(probability);
  const value = (a: number): number =>
    (latent.cols === 1 ? a * latent.data[i]! : latent.data[i * latent.cols + a]!) + (offsets?.[a] ?? 0);
  let largest = -Infinity;
  for (let a = 0; a < p.cols; a++) largest = Math.max(largest, value(a));
  return value(label) - largest;
}

function copyOf(a: Matrix<Float64Array>): Matrix<Float64Array> {
  return { ...a, data: a.data.slice() };
}

/** A + t B. */
function combined(a: Matrix<Float64Array>, b: Matrix<Float64Array>, t: number): Matrix<Float64Array> {
  return { ...a, data: a.data.map((value, at) => value + t * b.data[at]!) };
}

function sideBySide(a: Matrix<Float64Array>, b: Matrix<Float64Array>): Matrix<Float64Array> {
  const result = zeros(a.rows, a.cols + b.cols);
  for (let i = 0; i < a.rows; i++) {
    result.data.set(a.data.subarray(i * a.cols, (i + 1) * a.cols), i * result.cols);
    result.data.set(b.data.subarray(i * b.cols, (i + 1) * b.cols), i * result.cols + a.cols);
  }
  return result;
}

function norm({ data }: Matrix): number {
  let sum = 0;
  for (const value of data) sum += value * value;
  return Math.sqrt(sum);
}
