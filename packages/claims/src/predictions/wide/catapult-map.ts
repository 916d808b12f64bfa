/** Where a quadratic model with target 0 is, in units that hide its width. */
export interface CatapultMapState {
  /** z = η² (c/m) g²: the squared output, of order 1/m at the start. */
  readonly z: number;
  /** κ = ηλ. */
  readonly kappa: number;
}

/**
 * Gradient descent of every two-layer quadratic ReLU model with one example and target 0: z′ = z (1 − κ + z)²,
 * κ′ = κ + z (κ − 4). The line κ = 4 is invariant; for targets other than 0 catapults end at 4 − O(1/√m). Ends before z exceeds `escape`.
 *
 * @param escape - default 1e12
 * @returns steps + 1 states, or fewer when it escapes
 * @see Zhu, Liu, Radhakrishnan & Belkin, arXiv:2205.11787
 */
export function catapultMap(
  start: CatapultMapState,
  steps: number,
  { escape = 1e12 }: { readonly escape?: number } = {},
): CatapultMapState[] {
  const states = [start];
  while (states.length <= steps) {
    const { z, kappa } = states.at(-1)!;
    const next = { z: z * (1 - kappa + z) ** 2, kappa: kappa + z * (kappa - 4) };
    if (!(next.z <= escape)) break;
    states.push(next);
  }
  return states;
}

/**
 * ln(1/z_0) / (2 ln(k − 1)): about as many steps until the loss, which grows by (k − 1)² a step, is of the order of the width.
 * For 2 < k < 4; it increases by ln 10 / (2 ln(k − 1)) for a decade of width.
 */
export function catapultPeakTime(z0: number, k: number): number {
  return Math.log(1 / z0) / (2 * Math.log(k - 1));
}
