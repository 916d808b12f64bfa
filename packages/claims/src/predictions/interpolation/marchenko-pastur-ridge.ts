/** Ridge regression on noise, in units of the variance of the noise. */
export interface RidgeOnNoise {
  /** v = lim (1/n) tr (Z Zᵀ/n + λ I)⁻¹, the Stieltjes transform of the Marchenko–Pastur law at −λ. */
  readonly stieltjes: number;
  /** τ, training error. */
  readonly training: number;
  /** Test error over the noise. */
  readonly excess: number;
}

/**
 * ŵ = Zᵀ (Z Zᵀ + n λ I)⁻¹ ε as n, p → ∞ with p/n → γ, for n × p features of independent standardized entries. With v the positive
 * root of λ v² + (λ + γ − 1) v − 1 = 0 and w = v/(1 + v),
 *
 * τ = (1 − γ w)²/(1 − γ w²),  excess = γ w²/(1 − γ w²),
 *
 * which are λ² D and v − λ D with 1/D = 1/v² − γ/(1 + v)², without their cancellation. Ridge regression trades training error for
 * excess as well as any predictor: λ ↦ (τ, excess) is the frontier.
 *
 * @param aspect - γ = p/n > 0
 * @param ridge - λ ≥ 0; at 0 the interpolant of least norm, or least squares. At γ = 1 and λ = 0 the excess is infinite.
 * @see Marchenko & Pastur 1967; arXiv:2207.11621; claim IN-03
 */
export function marchenkoPasturRidge(aspect: number, ridge: number): RidgeOnNoise {
  if (!(aspect > 0 && ridge >= 0))
    throw new RangeError(`marchenkoPasturRidge: aspect ${aspect}, ridge ${ridge}; give γ > 0 and λ ≥ 0`);
  // γ w² − (1 + γ + λ) w + 1 = 0, with a discriminant that does not cancel.
  const root = Math.sqrt((1 - aspect) ** 2 + ridge * (2 + 2 * aspect + ridge));
  const w = 2 / (1 + aspect + ridge + root);
  const left = 1 - aspect * w ** 2;
  return {
    stieltjes: w < 1 ? w / (1 - w) : Infinity,
    training: left > 0 ? (1 - aspect * w) ** 2 / left : 0,
    excess: left > 0 ? (aspect * w ** 2) / left : Infinity,
  };
}

/**
 * The least training error τ, in units of the noise, with which ridge regression reaches an excess of ε (or less, where more
 * fitting does not cost as much): (1 + ε)(1 − √(γ ε/(1 + ε)))² down to what least squares leaves, max(0, 1 − γ).
 *
 * @param aspect - γ = p/n > 0
 * @param excess - ε ≥ 0, in units of the noise
 * @see claims IN-02, IN-03
 */
export function frontierTraining(aspect: number, excess: number): number {
  if (!(aspect > 0 && excess >= 0))
    throw new RangeError(`frontierTraining: aspect ${aspect}, excess ${excess}; give γ > 0 and ε ≥ 0`);
  const kept = aspect * excess < (1 + excess) * Math.min(1, aspect) ** 2;
  return kept
    ? (1 + excess) * (1 - Math.sqrt((aspect * excess) / (1 + excess))) ** 2
    : Math.max(0, 1 - aspect);
}
