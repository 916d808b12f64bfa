import { type Engine, extremeEigenvalues, type Matrix, symmetricProduct } from "../../linalg/index.ts";
import { checkSmallest, checkSymmetric } from "./kernel-blocks.ts";

/** An optimizer with steps of a fixed size; momentum μ is in [0, 1). */
export type DescentMethod =
  | { readonly method?: "gradient-descent" | undefined }
  | { readonly method: "heavy-ball" | "nesterov"; readonly momentum: number };

/**
 * The learning rates at which ½ Σ_i ‖f(x_i) − y_i‖² does not diverge lie below
 *
 *     gradient descent 2 / λ,  heavy ball 2 (1 + μ) / λ,  Nesterov 2 (1 + μ) / ((1 + 2μ) λ)
 *
 * with λ the largest eigenvalue of the tangent kernel (plus the ridge). Infinity at λ = 0.
 *
 * @throws RangeError for an eigenvalue that is not finite, an unknown method, a momentum outside of [0, 1)
 * @see Polyak 1964
 */
export function stabilityLimit(largestEigenvalue: number, descent: DescentMethod = {}): number {
  if (!Number.isFinite(largestEigenvalue))
    throw new RangeError(
      `stabilityLimit: the largest eigenvalue is ${largestEigenvalue}, expected a finite number`,
    );
  const momentum = momentumOf(descent);
  const factor = 2 * (1 + momentum);
  const limit = descent.method === "nesterov" ? factor / (1 + 2 * momentum) : factor;
  return limit / Math.max(0, largestEigenvalue);
}

/** The largest stable step of a kernel. */
export interface MaximalLearningRate {
  /** Steps of ½ Σ_i ‖f(x_i) − y_i‖² below this converge. Infinity for the zero kernel. */
  readonly learningRate: number;
  /** λ_max of the kernel. */
  readonly largestEigenvalue: number;
  /** What λ_max may be wrong by: the residual norm of its Ritz pair. */
  readonly error: number;
  readonly outcome: "converged" | "out-of-steps";
}

/**
 * The stability limit of a tangent kernel, with λ_max by Lanczos.
 *
 * @param kernel - n × n, symmetric positive semidefinite
 * @throws RangeError for a kernel that is empty, not finite, not symmetric, or found not to be positive semidefinite
 */
export async function maximalLearningRate(
  engine: Engine,
  kernel: Matrix,
  descent: DescentMethod = {},
  {
    tolerance = 1e-12,
    signal,
  }: { readonly tolerance?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<MaximalLearningRate> {
  checkSymmetric("maximalLearningRate", "kernel", kernel);
  momentumOf(descent);
  const { smallest, largest, error, outcome } = await extremeEigenvalues(
    symmetricProduct(engine, kernel),
    kernel.rows,
    {
      end: "largest",
      tolerance,
      signal,
    },
  );
  checkSmallest("maximalLearningRate", smallest, kernel);
  const largestEigenvalue = Math.max(0, largest);
  return {
    learningRate: stabilityLimit(largestEigenvalue, descent),
    largestEigenvalue,
    error: error.largest,
    outcome,
  };
}

/** μ, 0 for gradient descent. */
export function momentumOf(descent: DescentMethod): number {
  const method = descent.method ?? "gradient-descent";
  if (method === "gradient-descent") return 0;
  if (method !== "heavy-ball" && method !== "nesterov")
    throw new RangeError(`method is ${String(method)}, expected gradient-descent, heavy-ball or nesterov`);
  const { momentum } = descent as { readonly momentum: number };
  if (!(momentum >= 0 && momentum < 1))
    throw new RangeError(`${method}: momentum is ${momentum}, expected 0 ≤ momentum < 1`);
  return momentum;
}
