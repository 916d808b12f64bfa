import { type Engine, type Matrix, RidgeSystem, zeros } from "lineament";
import { rowProducts } from "./products.ts";
import { scaledColumns } from "./scaled-columns.ts";
import { mean } from "./statistics.ts";

/** Errors of kernel ridge regression whose eigenfunctions are known. */
export interface ModeErrors {
  /** Mean squared error against f at a new point, exactly: no new points are drawn. */
  readonly excess: number;
  /** Mean squared error on the training labels. */
  readonly training: number;
}

/**
 * Kernel ridge regression with k(x, x') = Σ_i λ_i φ_i(x) φ_i(x'), orthonormal φ_i: the fit is Σ_i λ_i (Φᵀa)_i φ_i with
 * (K + δI) a = y, so that its distance to f = Σ_i v_i φ_i is a sum over modes. Means over the columns of labels.
 *
 * @param problem - features: φ_i(x_j), n × p; eigenvalues: λ_i, p of them; target: v_1, v_2, … (the rest is 0); labels: y, n × c; ridge: δ
 * @throws RangeError when K + δI is far from positive definite
 */
export async function ridgeInModes(
  engine: Engine,
  {
    features,
    eigenvalues,
    target,
    labels,
    ridge,
  }: {
    readonly features: Matrix<Float64Array>;
    readonly eigenvalues: ArrayLike<number>;
    readonly target: readonly number[];
    readonly labels: Matrix;
    readonly ridge: number;
  },
): Promise<ModeErrors> {
  const { cols: p } = features;
  const scaled = scaledColumns(features, Float64Array.from(eigenvalues, Math.sqrt));
  const system = new RidgeSystem(engine, await rowProducts(engine, scaled));
  if ((await system.factor(ridge)).outcome === "not-positive-definite")
    throw new RangeError(
      `ridgeInModes: K + ${ridge} I is not positive definite; give more modes, or a larger ridge`,
    );
  const { coefficients } = await system.solve(labels);
  const c = labels.cols;
  const inner = zeros(c, p);
  await engine.gemm({ a: coefficients, b: features, c: inner, transposeA: true });
  let excess = 0;
  for (let at = 0; at < inner.data.length; at++)
    excess += (eigenvalues[at % p]! * inner.data[at]! - (target[at % p] ?? 0)) ** 2;
  return { excess: excess / c, training: mean(coefficients.data.map((value) => (ridge * value) ** 2)) };
}
