/** Gradient descent on ½ (ab − 1)², up to what it depends on. */
export interface CatapultState {
  /** ab − 1. */
  readonly residual: number;
  /** a² + b², the curvature at a minimum. */
  readonly sharpness: number;
}

/**
 * One step η on both weights: r ← r (1 − ηλ + η² r (1 + r)), λ ← λ (1 + η² r²) − 4η r (1 + r) for residual r and sharpness λ, a
 * map of these two alone.
 *
 * @see claim LN-10 (d)
 */
export function catapultStep({ residual: r, sharpness }: CatapultState, step: number): CatapultState {
  return {
    residual: r * (1 - step * sharpness + step ** 2 * r * (1 + r)),
    sharpness: sharpness * (1 + step ** 2 * r ** 2) - 4 * step * r * (1 + r),
  };
}

/**
 * What becomes of it from η(a² + b²) at a start near the minimum: below 2 it descends; up to about 4 the loss first grows, the
 * sharpness falls below 2/η, then it converges; beyond it diverges. The border at 4 is approximate.
 *
 * @param stepSharpness - η(a² + b²)
 */
export function catapultFate(stepSharpness: number): "descends" | "catapults" | "diverges" {
  if (stepSharpness < 2) return "descends";
  return stepSharpness < 4 ? "catapults" : "diverges";
}
