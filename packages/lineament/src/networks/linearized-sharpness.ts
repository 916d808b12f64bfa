import { extremeEigenvalues, type Matrix } from "../linalg/index.ts";
import { checkInputs, checkOutputs, checkParameters } from "./checks.ts";
import { type LossName, lossOf } from "./loss.ts";
import type { Model } from "./model.ts";
import { tangentKernelProduct } from "./tangent-kernel.ts";

export interface LinearizedSharpnessOptions {
  /** Default half-mean-squares, 1/(2n) Σ (f − y)²: then λ is λ_max of the tangent kernel divided by n. */
  readonly loss?: LossName;
  readonly signal?: AbortSignal | undefined;
}

/**
 * λ, the sharpness of the loss of `linearize(model, theta)` at θ: the largest eigenvalue of the Gauss-Newton matrix
 * Jᵀ diag(ℓ″) J, by way of diag(ℓ″)^½ J diag(ρ) Jᵀ diag(ℓ″)^½, ρ the model's learning-rate multipliers. Gradient descent of the
 * linearization under a loss of squares converges below the learning rate 2/λ and diverges above it; what the model itself does
 * there is a matter of its curvature (`catapult`).
 *
 * @param y - n × O targets; they play no part in losses of squares
 * @throws RangeError when θ, x or y do not fit
 * @see Lewkowycz et al., arXiv:2003.02218
 */
export async function linearizedSharpness(
  model: Model,
  theta: Float64Array,
  x: Matrix,
  y: Matrix,
  { loss = "half-mean-squares", signal }: LinearizedSharpnessOptions = {},
): Promise<number> {
  checkParameters("linearizedSharpness", "theta", model, theta);
  const rows = checkInputs("linearizedSharpness", model, x);
  const targets = checkOutputs("linearizedSharpness", "y", model, x.rows, y);
  if (rows.rows === 0) throw new RangeError("linearizedSharpness: x has no rows, expected at least one");
  const roots = new Float64Array(targets.data.length);
  lossOf(loss).curvatures(await model.value(theta, rows), targets, roots);
  for (let at = 0; at < roots.length; at++) roots[at] = Math.sqrt(roots[at]!);
  const weighted = (v: Float64Array): Float64Array => v.map((value, at) => roots[at]! * value);
  const kernel = await tangentKernelProduct(model, theta, rows);
  const { largest } = await extremeEigenvalues(
    async (v) => weighted(await kernel(weighted(v))),
    roots.length,
    {
      end: "largest",
      tolerance: 1e-12,
      signal,
    },
  );
  return Math.max(0, largest);
}
