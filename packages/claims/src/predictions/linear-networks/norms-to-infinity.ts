import { integrate } from "./integrate.ts";

/**
 * Completion of a 2 × 2 matrix with w_12 = w_21 = 1 and w_22 = 0 observed, loss ½ Σ_Ω (·)², balanced flow from det W(0) > 0:
 * bounds on W in terms of the loss alone, 0 < loss < ½. The loss cannot go to 0 unless all norms go to infinity.
 *
 * @see Razin & Cohen, arXiv:2005.06398, Theorem 1; claim LN-20
 */
export const runawayBounds = {
  /** (1 − √(2ℓ))²/√(2ℓ) ≤ |w_11|. */
  leastEntry: (loss: number): number => {
    const root = Math.sqrt(2 * loss);
    return root < 1 ? (1 - root) ** 2 / root : 0;
  },
  /** erank(W) ≤ 1 + (2 √12/ln 2) √ℓ. */
  largestEffectiveRank: (loss: number): number => 1 + ((2 * Math.sqrt(12)) / Math.LN2) * Math.sqrt(loss),
  /** σ_2 ≤ 3 √2 √ℓ. */
  largestSecondSingularValue: (loss: number): number => 3 * Math.SQRT2 * Math.sqrt(loss),
  /** 1/√(2ℓ): where |w_11| and every norm go as the loss goes to 0. */
  entryLaw: (loss: number): number => 1 / Math.sqrt(2 * loss),
} as const;

/** W(t) = ((entry, side), (side, corner)) and its loss. */
export interface RunawayState {
  readonly entry: number;
  readonly side: number;
  readonly corner: number;
  readonly loss: number;
}

/**
 * That flow for two layers from W(0) = α I: Ẇ = −(WG + GW), G the masked residual. Solved as W = LLᵀ with L̇ = −GL, since W
 * comes so close to a singular matrix that rounding would turn the sign of its determinant.
 *
 * @param alpha - α > 0
 * @param times - ascending, 0 or later
 */
export function runawayFlow(alpha: number, times: readonly number[]): RunawayState[] {
  if (!(alpha > 0)) throw new RangeError(`runawayFlow: scale ${alpha}; give one above 0, where W rests`);
  const root = Math.sqrt(alpha);
  const velocity = (factor: readonly number[]): number[] => {
    const [a, b, c, d] = factor as [number, number, number, number];
    const { side, corner } = productOf(factor);
    const miss = side - 1;
    return [-miss * c, -miss * d, -miss * a - corner * c, -miss * b - corner * d];
  };
  return integrate(velocity, [root, 0, 0, root], times).map(productOf);
}

/** LLᵀ of L = ((a, b), (c, d)). */
function productOf(factor: readonly number[]): RunawayState {
  const [a, b, c, d] = factor as [number, number, number, number];
  const [side, corner] = [a * c + b * d, c ** 2 + d ** 2];
  return { entry: a ** 2 + b ** 2, side, corner, loss: (side - 1) ** 2 + corner ** 2 / 2 };
}

/** (6t)^{1/3}: w_11 of that flow at late times; the loss is then ½ (6t)^{−2/3}. */
export function runawayEntryLaw(t: number): number {
  return Math.cbrt(6 * t);
}
