import { type Matrix, rowRange, spectralNorm } from "../linalg/index.ts";
import { checkInputs, checkOutputs, checkParameters } from "./checks.ts";
import { outputHessianProduct } from "./hessian-products.ts";
import { lossOf } from "./loss.ts";
import type { Model } from "./model.ts";

/** What bounds the curvature of L = 1/n Σ (f_i − y_i)² along directions that are not orthogonal to the mean gradient. */
export interface RestrictedStrongConvexity {
  /** L. */
  readonly loss: number;
  /** ∇L. */
  readonly gradient: Float64Array;
  /** ḡ = 1/n Σ ∇f_i. */
  readonly meanGradient: Float64Array;
  /** ‖ḡ‖²: the mean entry of the tangent kernel. */
  readonly meanGradientSquared: number;
  /** cos(∇L, ḡ); 0 where one of them is 0. */
  readonly cosine: number;
  /** ‖H_i‖, the spectral norms of the Hessians of the n outputs. */
  readonly hessianNorms: Float64Array;
  /** 2/n Σ |f_i − y_i| ‖H_i‖: what the curvature of the outputs can take away. It falls as 1/√width. */
  readonly nonlinearity: number;
}

export interface RestrictedStrongConvexityOptions {
  /** Of the norms of the Hessians, as in `spectralNorm`: they are more exact than that, and never too large. Default 1e-2. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The quantities of restricted strong convexity at θ. Learning-rate multipliers play no part. For every unit u
 *
 *     uᵀ ∇²L u = 2/n Σ ⟨∇f_i, u⟩² + 2/n Σ (f_i − y_i) uᵀ H_i u ≥ 2 ⟨ḡ, u⟩² − 2/n Σ |f_i − y_i| ‖H_i‖,
 *
 * so that L, which is not convex, is strongly convex along all u with |cos(u, ḡ)| ≥ κ where `restrictedCurvature` is positive.
 * Costs n Lanczos processes of Hessian-vector products.
 *
 * @param y - n × 1
 * @throws RangeError when θ, x or y do not fit, without rows, or when the model has several outputs
 * @see Banerjee, Cisneros-Velarde, Zhu and Belkin, arXiv:2209.15106
 */
export async function restrictedStrongConvexity(
  model: Model,
  theta: Float64Array,
  x: Matrix,
  y: Matrix,
  { tolerance = 1e-2, signal }: RestrictedStrongConvexityOptions = {},
): Promise<RestrictedStrongConvexity> {
  const call = "restrictedStrongConvexity";
  if (model.outputs !== 1)
    throw new RangeError(`${call}: the model has ${model.outputs} outputs, expected 1; take them one by one`);
  checkParameters(call, "theta", model, theta);
  const rows = checkInputs(call, model, x);
  const targets = checkOutputs(call, "y", model, x.rows, y);
  const n = rows.rows;
  if (n === 0) throw new RangeError(`${call}: x has no rows, expected at least one`);

  const { value, pull } = await model.pullback(theta, rows);
  const loss = lossOf("mean-squares");
  const residuals = value.data.map((f, i) => f - targets.data[i]!);
  const pulled = async (write: (out: Float64Array) => void): Promise<Float64Array> => {
    const weights = new Float64Array(n);
    write(weights);
    return pull({ data: weights, rows: n, cols: 1 });
  };
  const gradient = await pulled((out) => loss.slopes(value, targets, out));
  const meanGradient = await pulled((out) => out.fill(1 / n));
  const meanGradientSquared = dot(meanGradient, meanGradient);
  const lengths = Math.sqrt(dot(gradient, gradient) * meanGradientSquared);

  const hessianNorms = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const product = outputHessianProduct(model, theta, rowRange(rows, i, i + 1));
    hessianNorms[i] = (await spectralNorm(product, theta.length, { tolerance, signal })).value;
  }
  return {
    loss: loss.value(value, targets),
    gradient,
    meanGradient,
    meanGradientSquared,
    cosine: lengths > 0 ? dot(gradient, meanGradient) / lengths : 0,
    hessianNorms,
    nonlinearity: hessianNorms.reduce((sum, norm, i) => sum + (2 / n) * Math.abs(residuals[i]!) * norm, 0),
  };
}

/**
 * 2κ² ‖ḡ‖² − 2/n Σ |f_i − y_i| ‖H_i‖: no curvature of L along a direction with |cos(u, ḡ)| ≥ κ is smaller.
 * @throws RangeError unless 0 ≤ κ ≤ 1
 */
export function restrictedCurvature(
  { meanGradientSquared, nonlinearity }: RestrictedStrongConvexity,
  kappa: number,
): number {
  if (!(kappa >= 0 && kappa <= 1))
    throw new RangeError(`restrictedCurvature: kappa is ${kappa}, expected a cosine from 0 to 1`);
  return 2 * kappa ** 2 * meanGradientSquared - nonlinearity;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
