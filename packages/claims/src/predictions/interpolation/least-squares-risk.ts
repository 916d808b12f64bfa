/** Least squares with Gaussian features z ~ N(0, I_p); of all interpolants the one of least norm when p > n. */
export interface LeastSquaresProblem {
  /** n, examples. */
  readonly samples: number;
  /** p. */
  readonly features: number;
  /** σ², variance of the labels' noise. */
  readonly noise: number;
  /** ‖w*‖². Default 1. */
  readonly signal?: number;
}

/**
 * E‖ŵ − w*‖², the expected test error over the noise, exactly: σ² p/(n − p − 1) for p < n − 1 and
 * σ² n/(p − n − 1) + ‖w*‖² (1 − n/p) for p > n + 1. In between the noise is amplified without bound: Infinity.
 *
 * @see Hastie, Montanari, Rosset & Tibshirani, arXiv:1903.08560; claim IN-04
 */
export function leastSquaresExcess({
  samples: n,
  features: p,
  noise,
  signal = 1,
}: LeastSquaresProblem): number {
  if (!(n >= 1 && p >= 1 && noise >= 0 && signal >= 0))
    throw new RangeError(
      `leastSquaresExcess: samples ${n}, features ${p}, noise ${noise}, signal ${signal}; give positive sizes and energies of 0 or more`,
    );
  const missed = signal * Math.max(0, 1 - n / p);
  const variance = noise === 0 ? 0 : Math.min(n, p) / Math.max(0, Math.abs(p - n) - 1);
  return missed + noise * variance;
}

/**
 * The limit of `leastSquaresExcess` as n, p → ∞ with p/n → γ: σ² γ/(1 − γ) for γ < 1 and
 * σ²/(γ − 1) + ‖w*‖² (1 − 1/γ) for γ > 1.
 */
export function asymptoticLeastSquaresExcess(
  aspect: number,
  { noise, signal = 1 }: Pick<LeastSquaresProblem, "noise" | "signal">,
): number {
  if (!(aspect > 0 && noise >= 0 && signal >= 0))
    throw new RangeError(
      `asymptoticLeastSquaresExcess: aspect ${aspect}, noise ${noise}, signal ${signal}; give γ > 0 and energies of 0 or more`,
    );
  const missed = signal * Math.max(0, 1 - 1 / aspect);
  return missed + (noise === 0 ? 0 : (noise * Math.min(1, aspect)) / Math.abs(1 - aspect));
}

/**
 * The same with the first p of D Gaussian features, when ‖w*‖² = 1 is spread evenly over all D: what the others carry, 1 − p/D,
 * is lost, and is noise to the fit.
 *
 * @param problem - features: p ≤ `available`, D
 * @see Belkin, Hsu & Xu, arXiv:1903.07571; claim IN-04
 */
export function someFeaturesExcess({
  available,
  noise,
  features,
  samples,
}: Omit<LeastSquaresProblem, "signal"> & { readonly available: number }): number {
  if (!(features <= available))
    throw new RangeError(`someFeaturesExcess: ${features} features of ${available}; give at most as many`);
  const seen = features / available;
  return 1 - seen + leastSquaresExcess({ samples, features, noise: noise + 1 - seen, signal: seen });
}
