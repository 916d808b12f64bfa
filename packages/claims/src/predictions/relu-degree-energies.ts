import { checkDimension } from "./harmonic-multiplicity.ts";

/**
 * ‖P_k f‖² for k = 0 … degree: the squared norm of the degree-k part of f(x) = ReLU(⟨w, x⟩), ‖w‖ = 1, x uniform on √d S^{d−1},
 * where ‖f‖² = 1/2. The same numbers are the masses λ_k B(d, k) of the arc-cosine kernel E[ReLU(u) ReLU(v)].
 *
 * B(d, k) d m_k² with m_0 = Z/(d − 1), m_1 = 1/(2d), m_{k+2} = −m_k (k − 1)/(k + d + 1) for even k, and 0 for odd k ≥ 3;
 * Z = Γ(d/2) / (√π Γ((d−1)/2)). At d = Infinity, squared Hermite coefficients: 1/(2π), 1/4, ((2m−3)!!)² / (2π (2m)!).
 *
 * @param d - at least 2, or Infinity
 * @see claim LZ-10 (the closed form there is the product of these quotients)
 */
export function reluDegreeEnergies(d: number, degree: number): number[] {
  if (d !== Infinity) checkDimension("reluDegreeEnergies", d);
  const energies = Array.from({ length: degree + 1 }, () => 0);
  energies[0] = reluMeanSquared(d);
  if (degree >= 1) energies[1] = 1 / 4;
  for (let k = 0; k + 2 <= degree; k += 2) {
    const limit = (k - 1) ** 2 / ((k + 1) * (k + 2));
    const finite = d === Infinity ? 1 : multiplicityFactor(d, k) / (k + d + 1) ** 2;
    energies[k + 2] = energies[k]! * limit * finite;
  }
  return energies;
}

/**
 * ‖P_k 1[⟨w, x⟩ > 0]‖² for k = 0 … degree, the step function that is ReLU's derivative: 1/4, then only odd degrees,
 * B(d, k) ζ_k² with ζ_1 = Z/(d − 1), ζ_{k+2} = −ζ_k k/(k + d).
 *
 * @param d - at least 2, or Infinity
 * @see claim LZ-11
 */
export function stepDegreeEnergies(d: number, degree: number): number[] {
  if (d !== Infinity) checkDimension("stepDegreeEnergies", d);
  const energies = Array.from({ length: degree + 1 }, () => 0);
  energies[0] = 1 / 4;
  if (degree >= 1) energies[1] = reluMeanSquared(d);
  for (let k = 1; k + 2 <= degree; k += 2) {
    const limit = k ** 2 / ((k + 1) * (k + 2));
    const finite = d === Infinity ? 1 : multiplicityFactor(d, k) / (k + d) ** 2;
    energies[k + 2] = energies[k]! * limit * finite;
  }
  return energies;
}

/** ‖P_{>k} f‖² / ‖f‖² for k = 0 … degree: what is left of ReLU(⟨w, x⟩) after its best polynomial of degree k. */
export function reluResidualFractions(d: number, degree: number): number[] {
  let left = 1;
  return reluDegreeEnergies(d, degree).map((energy) => (left -= 2 * energy));
}

/** √2 / (3 π^{3/2}) = lim ℓ^{3/2} ‖P_{>ℓ} f‖² / ‖f‖² at d = ∞: the constant of ReLU's tail. */
export const reluResidualConstant = Math.SQRT2 / (3 * Math.PI ** 1.5);

/** d Z²/(d − 1)² = (E f)², Z from Z(2) = 1/π, Z(3) = 1/2 and Z(d + 2) = Z(d) d/(d − 1). */
function reluMeanSquared(d: number): number {
  if (d === Infinity) return 1 / (2 * Math.PI);
  let z = d % 2 === 0 ? 1 / Math.PI : 1 / 2;
  for (let below = d % 2 === 0 ? 2 : 3; below < d; below += 2) z *= below / (below - 1);
  return (d * z ** 2) / (d - 1) ** 2;
}

/** (k + 1)(k + 2) B(d, k + 2) / B(d, k). */
function multiplicityFactor(d: number, k: number): number {
  if (k === 0) return (d + 2) * (d - 1);
  return ((2 * k + d + 2) / (2 * k + d - 2)) * (k + d - 2) * (k + d - 1);
}
