import { reluDegreeEnergies, stepDegreeEnergies } from "./relu-degree-energies.ts";

/**
 * The mass λ_m B(d, m) of degree m = 0 … degree in the two kernels of a ReLU layer without bias on √d S^{d−1}; either sums
 * to 1/2. No odd degrees from 3 on: the parity trap.
 *
 * - `randomFeature`: E[ReLU(u) ReLU(v)], the energies of ReLU itself;
 * - `tangent`: ρ (π − θ)/(2π) (normalization 1/d).
 *
 * @param d - at least 2, or Infinity
 * @see claim LZ-11
 */
export function reluKernelMasses(
  d: number,
  degree: number,
): { readonly randomFeature: number[]; readonly tangent: number[] } {
  return {
    randomFeature: reluDegreeEnergies(d, degree),
    tangent: tangentMasses(stepDegreeEnergies(d, degree + 1), d),
  };
}

/**
 * Masses of ρ h(ρ) in degrees 0 … K − 1 from the masses s_0 … s_K of h, by t P_k = ((k + d − 2) P_{k+1} + k P_{k−1}) / (2k + d − 2):
 * degree m gets (m + d − 3)/(2m + d − 4) s_{m−1} + (m + 1)/(2m + d) s_{m+1}. With h = E[σ′σ′], ρ h is the tangent kernel of σ.
 */
export function tangentMasses(slopeMasses: readonly number[], d: number): number[] {
  const below = (m: number): number => {
    if (m === 0) return 0;
    return m === 1 || d === Infinity ? 1 : (m + d - 3) / (2 * m + d - 4);
  };
  const above = (m: number): number => (d === Infinity ? 0 : (m + 1) / (2 * m + d));
  return slopeMasses
    .slice(0, -1)
    .map((_, m) => below(m) * (slopeMasses[m - 1] ?? 0) + above(m) * slopeMasses[m + 1]!);
}
