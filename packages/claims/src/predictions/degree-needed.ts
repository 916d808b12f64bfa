import { reluDegreeEnergies, reluResidualConstant } from "./relu-degree-energies.ts";

/**
 * The smallest degree ℓ at which polynomials approximate ReLU(⟨w, x⟩) on √d S^{d−1} up to the fraction `error` of its squared
 * norm: ‖P_{>ℓ} f‖² ≤ error ‖f‖². A rotation-invariant kernel then needs about d^ℓ samples.
 *
 * @param error - squared error fraction, in (0, 1)
 * @param d - at least 2, or Infinity
 * @see claim LZ-12
 */
export function degreeNeeded(error: number, d: number): number {
  if (!(error > 0 && error < 1))
    throw new RangeError(`degreeNeeded: error ${error}; give a fraction of the squared norm in (0, 1)`);
  for (let bound = 16; ; bound *= 2) {
    let left = 1;
    const degree = reluDegreeEnergies(d, bound).findIndex((energy) => (left -= 2 * energy) <= error);
    if (degree >= 0) return degree;
  }
}

/** (√2/(3 π^{3/2}) / error)^{2/3}: the degree needed for small errors at d = ∞. */
export function degreeNeededLaw(error: number): number {
  return (reluResidualConstant / error) ** (2 / 3);
}
