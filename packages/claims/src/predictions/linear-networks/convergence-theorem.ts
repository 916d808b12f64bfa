import { checkDepth } from "./check-depth.ts";

/** Conditions of the theorem for gradient descent, and what it grants. */
export interface ConvergenceTheorem {
  /** c²/(256 n³ ‖Φ‖_F^{2(n−1)/n}): the largest ‖D_j‖_F at the start. */
  readonly largestImbalance: number;
  /** c^{(4n−2)/n}/(6144 n³ ‖Φ‖_F^{(6n−4)/n}): the largest step η. */
  readonly largestStep: number;
  /** ln(ℓ(0)/ε)/(η c^{2(n−1)/n}) at the largest step, rounded up: after so many steps the loss is ε or less. */
  readonly steps: number;
}

/**
 * Gradient descent on ½ ‖W_n ⋯ W_1 − Φ‖_F² from nearly balanced layers without bottleneck reaches the global minimum.
 *
 * @param targetNorm - ‖Φ‖_F
 * @param margin - the deficiency margin c > 0
 * @param lossRatio - ε/ℓ(0), in (0, 1)
 * @see Arora, Cohen, Golowich & Hu, arXiv:1810.02281, Theorem 1; constants as in claim LN-09
 */
export function convergenceTheorem({
  depth: n,
  targetNorm,
  margin,
  lossRatio,
}: {
  readonly depth: number;
  readonly targetNorm: number;
  readonly margin: number;
  readonly lossRatio: number;
}): ConvergenceTheorem {
  checkDepth("convergenceTheorem", n);
  if (!(margin > 0 && targetNorm > 0 && lossRatio > 0 && lossRatio < 1))
    throw new RangeError(
      `convergenceTheorem: margin ${margin}, target norm ${targetNorm}, loss ratio ${lossRatio}; give positive numbers and a ratio below 1`,
    );
  const largestStep = margin ** ((4 * n - 2) / n) / (6144 * n ** 3 * targetNorm ** ((6 * n - 4) / n));
  return {
    largestImbalance: margin ** 2 / (256 * n ** 3 * targetNorm ** ((2 * (n - 1)) / n)),
    largestStep,
    steps: Math.ceil(-Math.log(lossRatio) / (largestStep * margin ** ((2 * (n - 1)) / n))),
  };
}
