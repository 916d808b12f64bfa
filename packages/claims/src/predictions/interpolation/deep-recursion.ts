import type { DualMap } from "./dual-map.ts";

/**
 * NNGP kernel and NTK behind L hidden layers on the unit sphere: ξ_{l+1} = φ̌(ξ_l) by its gap u = 1 − ξ, and
 * T_{l+1} = ξ_{l+1} + T_l φ̌′(ξ_l), T₀ = ξ₀.
 *
 * @param gap - u₀ in [0, 2]
 * @see Jacot et al., arXiv:1806.07572; claim IN-14
 */
export function deepRecursion(
  map: DualMap,
  gap: number,
  layers: number,
): { readonly gap: number; readonly nngp: number; readonly ntk: number } {
  let u = gap;
  let nngp = 1 - u;
  let ntk = nngp;
  for (let layer = 0; layer < layers; layer++) {
    const slope = map.slope(u);
    // Beyond a half 1 − u has lost digits of a small ξ.
    nngp = u < 0.5 ? 1 - map.gap(u) : map.value(nngp);
    u = u < 0.5 ? map.gap(u) : 1 - nngp;
    ntk = nngp + ntk * slope;
  }
  return { gap: u, nngp, ntk };
}

/** 9π²/2: L² (1 − ξ_L) of deep ReLU networks, for every ξ₀ < 1. @see claim IN-16 */
export const deepReluGap = (9 * Math.PI ** 2) / 2;

/** ¼: T_L/(L + 1) of deep ReLU networks off the diagonal, where it is 1. @see claim IN-16 */
export const deepReluTangent = 1 / 4;
