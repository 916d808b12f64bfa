/**
 * α √d: the root mean square of ‖W‖_F for W = W_n ⋯ W_1 with independent normal entries of variance α^{2/n}/d in d × d layers,
 * at every depth n; α I has the same norm.
 *
 * @see claim LN-05
 */
export function gaussianStartNorm(alpha: number, d: number): number {
  return alpha * Math.sqrt(d);
}

/** ε²: the largest ‖D_j‖_2 when no layer has ‖W_j‖_2 > ε at the start; for ever, since gradient flow conserves it. */
export function smallStartImbalance(epsilon: number): number {
  return epsilon ** 2;
}

/**
 * ε²/σ_1^{2/n}: the order of ‖D_j‖_2/‖W_j‖_2² after training n layers from norms ε to an end-to-end matrix of norm σ_1.
 *
 * @see claim LN-05 (d)
 */
export function relativeImbalance(epsilon: number, norm: number, depth: number): number {
  return smallStartImbalance(epsilon) / norm ** (2 / depth);
}
