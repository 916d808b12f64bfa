import type { DualMap } from "./dual-map.ts";

/**
 * α = 2 ln(1/a)/ln b: ψ grows like ‖x − z‖^−α near the diagonal, since u grows by b in each layer and ψ(φ̌(ξ)) = a ψ(ξ).
 *
 * @see Radhakrishnan, Belkin & Uhler, arXiv:2204.14126; claim IN-18
 */
export function singularExponent({
  slopeAtZero,
  slopeAtOne,
}: Pick<DualMap, "slopeAtZero" | "slopeAtOne">): number {
  return (-2 * Math.log(slopeAtZero)) / Math.log(slopeAtOne);
}

/**
 * ln ψ(1 − u) of ψ(ξ) = lim_L a^−L φ̌^∘L(ξ), as ln ξ₀ + Σ_l ln(φ̌(ξ_l)/(a ξ_l)) until terms are below 10⁻¹⁶.
 *
 * @param gap - u in [0, 1]: ∞ at 0, −∞ at 1
 * @see claim IN-14
 */
export function logSingularKernel(map: DualMap, gap: number): number {
  let u = gap;
  let xi = 1 - u;
  let log = Math.log1p(-u);
  if (u === 0) return Infinity;
  if (xi === 0) return -Infinity;
  for (;;) {
    const term = Math.log(map.growth(xi) / map.slopeAtZero);
    log += term;
    if (Math.abs(term) < 1e-16) return log;
    if (u < 0.5) {
      u = map.gap(u);
      xi = 1 - u;
    } else {
      xi *= map.growth(xi);
      u = 1 - xi;
    }
  }
}

/**
 * Σ_i y_i ψ(1 − u_i)/max_j ψ(1 − u_j), whose sign is the class of a point with gaps u_i to the training points.
 *
 * @param logKernel - ln ψ of a gap, or of any kernel that decides like this
 */
export function singularVote(
  gaps: ArrayLike<number>,
  labels: ArrayLike<number>,
  logKernel: (gap: number) => number,
): number {
  const logs = Array.from(gaps, logKernel);
  const top = logs.reduce((most, value) => Math.max(most, value), -Infinity);
  return logs.reduce((sum, value, i) => sum + labels[i]! * Math.exp(value - top), 0);
}

/** ln u^(−α/2): the Hilbert kernel ‖x − z‖^−α up to a factor. @see Devroye, Györfi & Krzyżak 1998 */
export function logHilbertKernel(exponent: number): (gap: number) => number {
  return (gap) => (-exponent / 2) * Math.log(gap);
}
