import { type Engine, type Matrix, zeros } from "../linalg/index.ts";
import { RIDGE_PATH } from "./leave-one-out.ts";

/** Ridge regression on explicit features: which form was solved, with which λ, and what it does on left-out rows. */
export interface FeatureRidge {
  /** b, p × c. */
  readonly coefficients: Matrix<Float64Array>;
  /** α, n × c, with b = Φᵀ α; only of the dual form. */
  readonly dual: Matrix<Float64Array> | undefined;
  readonly ridge: number;
  /** y_i − f⁽⁻ⁱ⁾(x_i), n × c. */
  readonly residuals: Matrix<Float64Array>;
  /** Mean over rows of the squared residual, summed over outputs. */
  readonly leaveOneOutError: number;
  /** Σ_j Λ_j / (Λ_j + λ). */
  readonly effectiveDimension: number;
}

/** What the ridge regression needs of a feature map on its training rows: n × p features Φ that need not be stored. */
export interface TrainingFeatures {
  readonly rows: number;
  readonly size: number;
  /** Φ, n × p: asked for when p < n. */
  features(): Promise<Matrix>;
  /** ΦΦᵀ, n × n: asked for when p ≥ n. */
  gram(): Promise<Matrix>;
  /** Φᵀ A, p × c. */
  pull(a: Matrix<Float64Array>): Promise<Matrix<Float64Array>>;
}

/** Eigenvalues below this share of the largest are rounding. */
const RANK_TOLERANCE = 1e-13;

/**
 * min_b ‖Y − Φ b‖² + λ‖b‖², in its primal form b = (ΦᵀΦ + λI)⁻¹ ΦᵀY when p < n and in its dual form b = Φᵀ(ΦΦᵀ + λI)⁻¹ Y
 * otherwise, through one eigendecomposition of the smaller matrix: a whole path of λ costs as much as one. λ = 0 is the
 * interpolant (or least squares solution) of least norm.
 *
 * @param y - n × c, centered by the caller
 * @param ridges - λ ≥ 0; of several the one with the least leave-one-out error is taken
 * @throws RangeError when sizes disagree, a λ is negative, or the features are too large to be multiplied
 */
export async function featureRidge(
  engine: Engine,
  phi: TrainingFeatures,
  y: Matrix,
  ridges: readonly number[] = RIDGE_PATH,
): Promise<FeatureRidge> {
  const { rows: n, size: p } = phi;
  const c = y.cols;
  if (y.rows !== n) throw new RangeError(`featureRidge: y has ${y.rows} rows, the features ${n}`);
  if (ridges.length === 0) throw new RangeError("featureRidge: there is no λ to try");
  for (const ridge of ridges)
    if (!(ridge >= 0 && ridge < Infinity)) throw new RangeError(`featureRidge: λ = ${ridge}, expected λ ≥ 0`);
  const { values, left, right } =
    p < n ? await primal(engine, await phi.features()) : await dual(engine, phi);
  const rank = values.length;
  const projections = zeros(rank, c);
  await engine.gemm({
    a: left,
    b: { ...y, data: Float64Array.from(y.data) },
    c: projections,
    transposeA: true,
  });
  const assessed = [];
  for (const ridge of ridges) {
    const shrunk = zeros(rank, c);
    for (let k = 0; k < rank; k++)
      for (let l = 0; l < c; l++)
        shrunk.data[k * c + l] = (projections.data[k * c + l]! * values[k]!) / (values[k]! + ridge);
    const fitted = zeros(n, c);
    await engine.gemm({ a: left, b: shrunk, c: fitted });
    const residuals = zeros(n, c);
    let error = 0;
    for (let i = 0; i < n; i++) {
      let leverage = 0;
      for (let k = 0; k < rank; k++)
        leverage += (left.data[i * rank + k]! ** 2 * values[k]!) / (values[k]! + ridge);
      // An interpolant has leverage 1 everywhere and leaves nothing to judge: its residuals count in full.
      const free = Math.max(1 - leverage, 1e-9);
      for (let l = 0; l < c; l++) {
        const residual = (y.data[i * c + l]! - fitted.data[i * c + l]!) / free;
        residuals.data[i * c + l] = residual;
        error += residual ** 2 / n;
      }
    }
    assessed.push({ ridge, residuals, leaveOneOutError: error });
  }
  const best = assessed.reduce((a, b) => (b.leaveOneOutError < a.leaveOneOutError ? b : a));
  let effectiveDimension = 0;
  const weights = zeros(rank, c);
  for (let k = 0; k < rank; k++) {
    const shrinkage = values[k]! / (values[k]! + best.ridge);
    effectiveDimension += shrinkage;
    // Primal: b = V √Λ/(Λ + λ) Uᵀ Y. Dual: α = U 1/(Λ + λ) Uᵀ Y.
    const factor = shrinkage / (right ? Math.sqrt(values[k]!) : values[k]!);
    for (let l = 0; l < c; l++) weights.data[k * c + l] = factor * projections.data[k * c + l]!;
  }
  const solution = zeros(right ? p : n, c);
  await engine.gemm({ a: right ?? left, b: weights, c: solution });
  return {
    ...best,
    coefficients: right ? solution : await phi.pull(solution),
    dual: right ? undefined : solution,
    effectiveDimension,
  };
}

/** The nonzero part of Φ = U √Λ Vᵀ: U is n × r; V is p × r, and absent where it is not needed. */
interface FeatureSpectrum {
  readonly values: Float64Array;
  readonly left: Matrix<Float64Array>;
  readonly right: Matrix<Float64Array> | undefined;
}

async function primal(engine: Engine, phi: Matrix): Promise<FeatureSpectrum> {
  const { rows: n, cols: p } = phi;
  const a = { data: Float64Array.from(phi.data), rows: n, cols: p };
  const gram = zeros(p, p);
  await engine.syrk({ a, c: gram, transpose: true });
  const { values, vectors } = await leading(engine, gram);
  const left = zeros(n, values.length);
  await engine.gemm({ a, b: vectors, c: left });
  for (let i = 0; i < n; i++)
    for (let k = 0; k < values.length; k++) left.data[i * values.length + k]! /= Math.sqrt(values[k]!);
  return { values, left, right: vectors };
}

async function dual(engine: Engine, phi: TrainingFeatures): Promise<FeatureSpectrum> {
  const { values, vectors } = await leading(engine, await phi.gram());
  return { values, left: vectors, right: undefined };
}

/** Eigenvalues above rounding with their eigenvectors in columns. */
async function leading(
  engine: Engine,
  gram: Matrix,
): Promise<{ values: Float64Array; vectors: Matrix<Float64Array> }> {
  if (!gram.data.every(Number.isFinite))
    throw new RangeError(
      "featureRidge: the inner products of the features are not finite numbers; choose smaller features",
    );
  const { values, vectors } = await engine.eigenSymmetric({ ...gram, data: Float64Array.from(gram.data) });
  const size = values.length;
  const floor = RANK_TOLERANCE * Math.max(0, values.at(-1) ?? 0);
  const first = values.findIndex((value) => value > floor);
  const rank = first < 0 ? 0 : size - first;
  const kept = zeros(size, rank);
  for (let i = 0; i < size; i++)
    for (let k = 0; k < rank; k++) kept.data[i * rank + k] = vectors.data[i * size + first + k]!;
  return { values: values.slice(size - rank), vectors: kept };
}
