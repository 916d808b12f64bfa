/**
 * Squared orthonormal Hermite coefficients c_k² of erf, k = 0 … degree: E[erf(u) erf(v)] = (2/π) arcsin(2ρ/3) = Σ_k c_k² ρ^k at
 * unit variances. Even ones vanish.
 *
 * @see claim LZ-03, LZ-10
 */
export function erfHermiteEnergies(degree: number): number[] {
  const energies = Array.from({ length: degree + 1 }, () => 0);
  // arcsin z = Σ_m a_m z^{2m+1} / (2m + 1), a_{m+1} = a_m (2m + 1)/(2m + 2).
  let a = (2 / Math.PI) * (2 / 3);
  for (let k = 1; k <= degree; k += 2) {
    energies[k] = a / k;
    a *= (k / (k + 1)) * (4 / 9);
  }
  return energies;
}
