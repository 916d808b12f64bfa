/** What interpolating noise does to the test error as samples are added: nothing, a factor, or any harm. */
export type Overfitting = "benign" | "tempered" | "catastrophic";

/**
 * The kind of overfitting by the limit of the noise ratio (test error over noise of a fit to pure noise) for many samples.
 *
 * @param limit - at least 1, or Infinity
 * @see Mallinar et al., arXiv:2207.06569, Definition 1
 */
export function overfittingOf(limit: number): Overfitting {
  if (!(limit >= 1))
    throw new RangeError(`overfittingOf: noise ratio ${limit}; give a number of at least 1, or Infinity`);
  return limit === 1 ? "benign" : limit < Infinity ? "tempered" : "catastrophic";
}

/**
 * The limit of 𝓔₀ for eigenvalues i^−α and ridge δ = n^−b as n → ∞: 1 for b < α − 1, α for b > α − 1 (as without ridge). At the
 * threshold b = α − 1, κ = (c n)^−α and Σ L_i = c C n with C = (π/α)/sin(π/α), where c C + c^α = 1, and Σ L_i² = (1 − 1/α) Σ L_i.
 *
 * @param alpha - above 1
 * @param ridgeExponent - b; Infinity, the default, is no ridge
 * @see Mallinar et al., arXiv:2207.06569, Theorem 3.1; claims IN-06, IN-08
 */
export function powerLawNoiseLimit(alpha: number, ridgeExponent = Infinity): number {
  if (!(alpha > 1) || Number.isNaN(ridgeExponent))
    throw new RangeError(
      `powerLawNoiseLimit: α = ${alpha}, b = ${ridgeExponent}; give α above 1 and a number b`,
    );
  if (ridgeExponent !== alpha - 1) return ridgeExponent < alpha - 1 ? 1 : alpha;
  const constant = Math.PI / alpha / Math.sin(Math.PI / alpha);
  let [low, high] = [0, 1 / constant];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (middle * constant + middle ** alpha < 1) low = middle;
    else high = middle;
  }
  return 1 / (1 - low * constant * (1 - 1 / alpha));
}
