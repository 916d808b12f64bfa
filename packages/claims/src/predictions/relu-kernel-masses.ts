import { reluDegreeEnergies, stepDegreeEnergies } from "./relu-degree-energies.ts";

/**
 * The mass λ_m B(d, m) of degree m = 0 … degree in the two kernels of a ReLU layer without bias on √d S^{d−1}; either sums
 * to 1/2. No odd degrees from 3 on: the parity trap.
 *
 * - `randomFeature`: E[ReLU(u) ReLU(v)], the energies of ReLU itself;
 * - `tangent`: ρ (π − θ)/(2π) (normalization 1/d). The step's part of degree k, times ρ, splits by
 *   t P_k = ((k + d − 2) P_{k+1} + k P_{k−1}) / (2k + d − 2) into
 *   (m + d − 3)/(2m + d − 4) s_{m−1} + (m + 1)/(2m + d) s_{m+1}.
 *
 * @param d - at least 2, or Infinity
 * @see linearized-networks.md LZ-11
 */
export function reluKernelMasses(
  d: number,
  degree: number,
): { readonly randomFeature: number[]; readonly tangent: number[] } {
  const step = stepDegreeEnergies(d, degree + 1);
  const fromBelow = (m: number): number => (m === 1 || d === Infinity ? 1 : (m + d - 3) / (2 * m + d - 4));
  const fromAbove = (m: number): number => (d === Infinity ? 0 : (m + 1) / (2 * m + d));
  return {
    randomFeature: reluDegreeEnergies(d, degree),
    tangent: Array.from(
      { length: degree + 1 },
      (_, m) => (m === 0 ? 0 : fromBelow(m) * step[m - 1]!) + fromAbove(m) * step[m + 1]!,
    ),
  };
}
