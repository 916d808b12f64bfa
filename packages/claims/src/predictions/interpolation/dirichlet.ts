/**
 * ln of the odds of two classes of points x on the simplex, Dirichlet distributed: ln π p(x; α) − ln (1 − π) p(x; β). Its sign is
 * the best classifier.
 *
 * @param prior - π in (0, 1), of the class with parameters α
 * @see claim IN-21
 */
export function dirichletLogOdds(
  alpha: readonly number[],
  beta: readonly number[],
  prior: number,
): (x: ArrayLike<number>) => number {
  const level = Math.log(prior / (1 - prior)) + logNormalization(alpha) - logNormalization(beta);
  return (x) =>
    alpha.reduce((sum, a, k) => (a === beta[k]! ? sum : sum + (a - beta[k]!) * Math.log(x[k]!)), level);
}

/** ln Γ(Σ α_k) − Σ ln Γ(α_k). */
function logNormalization(alpha: readonly number[]): number {
  return logGamma(alpha.reduce((sum, a) => sum + a, 0)) - alpha.reduce((sum, a) => sum + logGamma(a), 0);
}

/** ln Γ(x) for x > 0 by Stirling's series above 10, error below 1e-14, where the recurrence leads. */
export function logGamma(x: number): number {
  if (!(x > 0)) throw new RangeError(`logGamma: x = ${x}; give a positive number`);
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift += Math.log(z);
  const s = 1 / (z * z);
  const series =
    (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - (s * 691) / 360_360))))) / z;
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - shift;
}
