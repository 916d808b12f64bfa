import { checkDepth } from "./check-depth.ts";

/** Radii of a loop around 0 in the plane. */
export interface Annulus {
  /** r. */
  readonly inner: number;
  /** R. */
  readonly outer: number;
}

/**
 * 2 |g| (n − 1)(n − 2)/(n a) (R^a − r^a), a = 3 − 2/n: the integral of ‖w‖^{2−2/n} (g + (n − 1) Pr_w g) for constant g along
 * −Re → −re, a half circle to re, re → Re, a half circle back, e = g/|g|. Not 0 for n ≥ 3: no regularizer has this gradient.
 *
 * @param gradientNorm - |g|
 * @see Arora, Cohen & Hazan, arXiv:1802.06509; claim LN-11
 */
export function constantGradientLoop(depth: number, gradientNorm: number, { inner, outer }: Annulus): number {
  checkDepth("constantGradientLoop", depth);
  const a = 3 - 2 / depth;
  return ((2 * gradientNorm * (depth - 1) * (depth - 2)) / (depth * a)) * (outer ** a - inner ** a);
}

/**
 * (R^b − r^b)(c_2 − c_1)(1/2 − n/b), b = 4 − 2/n: the integral of the same field for the loss ½ (c_1 x² + c_2 y²) around a quarter
 * annulus, re_1 → Re_1 → Re_2 → re_2 → re_1. Not 0 for n = 2 either.
 *
 * @param curvatures - c_1, c_2
 */
export function quadraticLossLoop(
  depth: number,
  curvatures: readonly [number, number],
  { inner, outer }: Annulus,
): number {
  checkDepth("quadraticLossLoop", depth);
  const b = 4 - 2 / depth;
  return (outer ** b - inner ** b) * (curvatures[1] - curvatures[0]) * (1 / 2 - depth / b);
}
