/** Where a quadratic model with target 0 is, in units that hide its width. */
export interface CatapultState {
  /** z = η² (c/m) g²: the squared output, of order 1/m at the start. */
  readonly z: number;
  /** κ = ηλ. */
  readonly kappa: number;
}

/**
 * Gradient descent of every two-layer quadratic ReLU model with one example and target 0: z′ = z (1 − κ + z)²,
 * κ′ = κ + z (κ − 4). The line κ = 4 is invariant. Ends before z exceeds `escape`.
 *
 * @param escape - default 1e12
 * @returns steps + 1 states, or fewer when it escapes
 * @see Zhu, Liu, Radhakrishnan & Belkin, arXiv:2205.11787
 */
export function catapultMap(
  start: CatapultState,
  steps: number,
  { escape = 1e12 }: { readonly escape?: number } = {},
): CatapultState[] {
  const states = [start];
  while (states.length <= steps) {
    const { z, kappa } = states.at(-1)!;
    const next = { z: z * (1 - kappa + z) ** 2, kappa: kappa + z * (kappa - 4) };
    if (!(next.z <= escape)) break;
    states.push(next);
  }
  return states;
}

/** What becomes of wide models with learning rate k/λ_0. */
export type CatapultRegime = "monotone" | "catapult" | "divergence";

/** The largest k = ηλ_0 of a monotone descent of any model, and of the convergence of quadratic models as m → ∞. */
export const catapultThresholds = { monotone: 2, catapult: 4 } as const;

/**
 * Below k = 2 the loss falls from the start, as that of the linear model, up to 4 quadratic models are catapulted, above they
 * diverge as linear ones do above 2. For targets other than 0 the upper end is 4 − O(1/√m).
 *
 * @see Zhu, Liu, Radhakrishnan & Belkin, arXiv:2205.11787; Lewkowycz et al., arXiv:2003.02218
 */
export function catapultRegime(k: number): CatapultRegime {
  if (k < catapultThresholds.monotone) return "monotone";
  return k < catapultThresholds.catapult ? "catapult" : "divergence";
}

/**
 * ln(1/z_0) / (2 ln(k − 1)): about as many steps until the loss, which grows by (k − 1)² a step, is of the order of the width.
 * For 2 < k < 4; it increases by ln 10 / (2 ln(k − 1)) for a decade of width.
 */
export function catapultPeakTime(z0: number, k: number): number {
  return Math.log(1 / z0) / (2 * Math.log(k - 1));
}
