import type { Matrix } from "../linalg/index.ts";
import { checkPositive } from "./checks.ts";

/** What is known when an update is due. Matrices are buffers. */
export interface PendingUpdate {
  /** Updates before this one. */
  readonly step: number;
  readonly loss: number;
  readonly parameters: readonly Matrix<Float64Array>[];
  /** ∂ℓ/∂parameters, without weight decay. */
  readonly gradients: readonly Matrix<Float64Array>[];
  /** W. */
  readonly endToEnd: Matrix<Float64Array>;
  /** ∇ℓ(W). */
  readonly gradient: Matrix<Float64Array>;
}

/** Called once for a run; what it returns says η ≥ 0 of every update, and may remember earlier ones. */
export type LearningRateRule = () => (update: PendingUpdate) => number | Promise<number>;

export interface GroupRmsPropOptions {
  readonly rate: number;
  /** Of the moving average, 0 ≤ β < 1. Default 0.99. */
  readonly beta?: number;
  /** Default 1e-6. */
  readonly epsilon?: number;
}

/**
 * RMSprop with one accumulator for all parameters, which keeps the direction of the gradient: v ← β v + (1 − β) Σ_j ‖G_j‖²,
 * η_k = rate / (√(v/(1 − β^k)) + ε) at update k = 1, 2, …
 *
 * @throws RangeError for impossible rates
 * @see Arora et al., arXiv:1905.13655, and its code
 */
export function groupRmsProp({ rate, beta = 0.99, epsilon = 1e-6 }: GroupRmsPropOptions): LearningRateRule {
  checkPositive("groupRmsProp", "rate", rate);
  checkPositive("groupRmsProp", "epsilon", epsilon);
  if (!(beta >= 0 && beta < 1)) throw new RangeError(`groupRmsProp: beta is ${beta}, expected 0 ≤ beta < 1`);
  return () => {
    let average = 0;
    return ({ step, gradients }) => {
      average = beta * average + (1 - beta) * squares(gradients);
      return rate / (Math.sqrt(average / (1 - beta ** (step + 1))) + epsilon);
    };
  };
}

function squares(matrices: readonly Matrix<Float64Array>[]): number {
  let sum = 0;
  for (const { data } of matrices) for (let i = 0; i < data.length; i++) sum += data[i]! * data[i]!;
  return sum;
}
