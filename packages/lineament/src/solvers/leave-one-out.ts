import { type Engine, type Matrix, zeros } from "../linalg/index.ts";

/** λ = 10⁻⁶ … 10¹ in half decades: the path that is looked at unless another is asked for. */
export const RIDGE_PATH: readonly number[] = Array.from({ length: 15 }, (_, step) => 10 ** (step / 2 - 6));

/**
 * Everything that ridge solutions for any λ are made from: D K D = Q Λ Qᵀ with D = W^½ (D = I without weights),
 * and Z = Qᵀ D Y. With C = (K + λ W⁻¹)⁻¹ = D Q (Λ + λ)⁻¹ Qᵀ D,
 *
 *     A = C Y = D Q (Λ + λ)⁻¹ Z,      C_ii = w_i Σ_j Q_ij² / (Λ_j + λ).
 */
export interface RidgeSpectrum {
  /** Λ, ascending, rounding below 0 clipped. n numbers. */
  readonly eigenvalues: Float64Array;
  /** Q, n × n. */
  readonly eigenvectors: Matrix;
  /** Z = Qᵀ D Y, n × c. */
  readonly projections: Matrix<Float64Array>;
  readonly weights: Float64Array | undefined;
}

/** What one λ would do on rows that it was not fitted on, and how flexible it is. */
export interface RidgeAssessment {
  readonly ridge: number;
  /** A with (K + λ W⁻¹) A = Y, n × c. */
  readonly coefficients: Matrix<Float64Array>;
  /** e_i = y_i − f⁽⁻ⁱ⁾(x_i) = A_i / C_ii, n × c: what each row misses by when it is left out. */
  readonly residuals: Matrix<Float64Array>;
  /** Σ_i w_i ‖e_i‖² / Σ_i w_i. */
  readonly leaveOneOutError: number;
  /** (Σ_i w_i ‖y_i − f(x_i)‖² / Σ_i w_i) / (1 − d_eff / n)², f fitted on all rows. */
  readonly generalizedCrossValidation: number;
  /** d_eff = Σ_j Λ_j / (Λ_j + λ), the trace of the map from targets to fitted values. */
  readonly effectiveDimension: number;
  /** The leave-one-out error if all targets were noise of variance 1: mean of w_i (C W⁻¹ C)_ii / C_ii², at least 1. */
  readonly noiseFactor: number;
  /** Mean of w_i / C_ii: λ, and the Gaussian process's variance of a row given the others, k(x, x) − kᵀ(K + λ)⁻¹k. */
  readonly leftOutVariance: number;
}

/** The λ of a path that does best on rows it was not fitted on. */
export interface RidgeChoice {
  readonly ridge: number;
  /** The assessment of the chosen λ; its coefficients are the solution. */
  readonly chosen: RidgeAssessment;
  /** The whole path, in the order asked for. */
  readonly path: readonly RidgeAssessment[];
}

/**
 * Decomposes a kernel matrix once, in float64, for a whole path of λ. About 9 n³ flops and 3 n² doubles.
 *
 * @param k - symmetric kernel matrix, n × n; not changed
 * @param y - targets, n × c, centered by the caller
 * @param weights - one positive weight a row; leave rows of weight 0 out
 * @throws RangeError when sizes disagree or a weight is not positive
 */
export async function ridgeSpectrum(
  engine: Engine,
  k: Matrix,
  y: Matrix,
  weights?: Float64Array,
): Promise<RidgeSpectrum> {
  const { rows: n } = k;
  const { cols: c } = y;
  if (k.cols !== n) throw new RangeError(`ridgeSpectrum: k is ${n} × ${k.cols}, expected a square one`);
  if (y.rows !== n) throw new RangeError(`ridgeSpectrum: y has ${y.rows} rows, expected ${n}`);
  const roots = rootsOf(weights, n);
  const scaled = zeros(n, n);
  const targets = zeros(n, c);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) scaled.data[i * n + j] = roots[i]! * k.data[i * n + j]! * roots[j]!;
    for (let l = 0; l < c; l++) targets.data[i * c + l] = roots[i]! * y.data[i * c + l]!;
  }
  const { values, vectors } = await engine.eigenSymmetric(scaled);
  const projections = zeros(n, c);
  await engine.gemm({ a: vectors, b: targets, c: projections, transposeA: true });
  return {
    eigenvalues: values.map((value) => Math.max(0, value)),
    eigenvectors: vectors,
    projections,
    weights,
  };
}

/**
 * Leave-one-out residuals, generalized cross-validation and effective dimension for each λ, without a refit:
 * O(n² c) a λ once the spectrum is there. Every output shares C_ii.
 *
 * **Valid for a fixed kernel.** The identities take the metric and everything else in K as given. Once the metric has
 * been learned from the same labels, the errors are optimistic *across* metrics: use them to choose λ (and the
 * bandwidth) given the metric, and held-out rows or folds to choose the metric, its power or the number of updates.
 * Targets centered by their own mean have seen the left-out row too, an error of order 1/n.
 *
 * @param ridges - λ > 0 (λ = 0 is taken as given too, where no eigenvalue is 0)
 * @throws RangeError when a λ is negative or not finite
 * @see Golub, Heath and Wahba, "Generalized cross-validation as a method for choosing a good ridge parameter", 1979;
 *   Rifkin and Lippert, "Notes on regularized least squares", 2007
 */
export async function leaveOneOut(
  engine: Engine,
  { eigenvalues, eigenvectors, projections, weights }: RidgeSpectrum,
  ridges: readonly number[] = RIDGE_PATH,
): Promise<RidgeAssessment[]> {
  const { rows: n, cols: c } = projections;
  const count = ridges.length;
  for (const ridge of ridges)
    if (!(ridge >= 0 && ridge < Infinity)) throw new RangeError(`leaveOneOut: λ = ${ridge}, expected λ ≥ 0`);
  const roots = rootsOf(weights, n);
  const totalWeight = weights ? weights.reduce((sum, weight) => sum + weight, 0) : n;

  // Columns t c … t c + c − 1 belong to λ_t: D⁻¹ A = Q (Λ + λ)⁻¹ Z for all λ in one product.
  const shrunk = zeros(n, count * c);
  for (let j = 0; j < n; j++)
    for (let t = 0; t < count; t++)
      for (let l = 0; l < c; l++)
        shrunk.data[(j * count + t) * c + l] = projections.data[j * c + l]! / (eigenvalues[j]! + ridges[t]!);
  const solutions = zeros(n, count * c);
  await engine.gemm({ a: eigenvectors, b: shrunk, c: solutions });
  // Columns t and count + t: D⁻² C_ii and (D⁻¹ C D⁻¹)²_ii for λ_t, from the squares of Q.
  const squares = zeros(n, n);
  for (let at = 0; at < n * n; at++) squares.data[at] = eigenvectors.data[at]! ** 2;
  const shares = zeros(n, 2 * count);
  for (let j = 0; j < n; j++)
    for (let t = 0; t < count; t++) {
      const share = 1 / (eigenvalues[j]! + ridges[t]!);
      shares.data[j * 2 * count + t] = share;
      shares.data[j * 2 * count + count + t] = share * share;
    }
  const inverses = zeros(n, 2 * count);
  await engine.gemm({ a: squares, b: shares, c: inverses });

  return ridges.map((ridge, t) => {
    const coefficients = zeros(n, c);
    const residuals = zeros(n, c);
    let error = 0;
    let noiseFactor = 0;
    let leftOutVariance = 0;
    for (let i = 0; i < n; i++) {
      const inverse = inverses.data[i * 2 * count + t]!;
      noiseFactor += inverses.data[i * 2 * count + count + t]! / inverse ** 2 / n;
      leftOutVariance += 1 / inverse / n;
      for (let l = 0; l < c; l++) {
        const value = solutions.data[(i * count + t) * c + l]!;
        const weighted = value / inverse; // √w_i e_i
        coefficients.data[i * c + l] = roots[i]! * value;
        residuals.data[i * c + l] = weighted / roots[i]!;
        error += weighted ** 2;
      }
    }
    let missed = 0;
    let effectiveDimension = 0;
    for (let j = 0; j < n; j++) {
      const kept = ridge / (eigenvalues[j]! + ridge);
      effectiveDimension += 1 - kept;
      for (let l = 0; l < c; l++) missed += (kept * projections.data[j * c + l]!) ** 2;
    }
    const free = 1 - effectiveDimension / n;
    return {
      ridge,
      coefficients,
      residuals,
      leaveOneOutError: error / totalWeight,
      generalizedCrossValidation: missed / totalWeight / free ** 2,
      effectiveDimension,
      noiseFactor,
      leftOutVariance,
    };
  });
}

/** What `chooseRidge` looks at. */
export interface ChooseRidgeOptions {
  /** Default `RIDGE_PATH`. */
  readonly ridges?: readonly number[];
  /** One positive weight a row. */
  readonly weights?: Float64Array | undefined;
  /** What is made small. Generalized cross-validation is the smoother one. Default "leave-one-out". */
  readonly criterion?: "leave-one-out" | "generalized-cross-validation";
}

/**
 * The λ of a path with the least leave-one-out error (see `leaveOneOut` for when that means something); of equal ones
 * the largest.
 *
 * @throws RangeError when the path is empty, or no λ of it has a finite error
 */
export async function chooseRidge(
  engine: Engine,
  k: Matrix,
  y: Matrix,
  { ridges = RIDGE_PATH, weights, criterion = "leave-one-out" }: ChooseRidgeOptions = {},
): Promise<RidgeChoice> {
  const path = await leaveOneOut(engine, await ridgeSpectrum(engine, k, y, weights), ridges);
  const cost = (one: RidgeAssessment): number =>
    criterion === "leave-one-out" ? one.leaveOneOutError : one.generalizedCrossValidation;
  let chosen: RidgeAssessment | undefined;
  for (const one of path) {
    if (!Number.isFinite(cost(one))) continue;
    if (!chosen || cost(one) < cost(chosen) || (cost(one) === cost(chosen) && one.ridge > chosen.ridge))
      chosen = one;
  }
  if (!chosen)
    throw new RangeError(
      "chooseRidge: no λ of the path has a finite error; are the kernel and targets finite?",
    );
  return { ridge: chosen.ridge, chosen, path };
}

/** √w_i, checked. */
function rootsOf(weights: Float64Array | undefined, n: number): Float64Array {
  if (!weights) return new Float64Array(n).fill(1);
  if (weights.length !== n) throw new RangeError(`leaveOneOut: ${weights.length} weights for ${n} rows`);
  return weights.map((weight, i) => {
    if (!(weight > 0 && weight < Infinity))
      throw new RangeError(`leaveOneOut: weight ${i} is ${weight}, expected a positive number`);
    return Math.sqrt(weight);
  });
}
