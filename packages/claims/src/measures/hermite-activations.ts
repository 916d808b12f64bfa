import type { ActivationInput } from "lineament";

/** He_k/√k! in powers of x. */
function hermiteCoefficients(degree: number): number[] {
  let before: number[] = [];
  let now = [1];
  for (let k = 0; k < degree; k++) {
    const next = [0, ...now].map((c, i) => (c - Math.sqrt(k) * (before[i] ?? 0)) / Math.sqrt(k + 1));
    [before, now] = [now, next];
  }
  return now;
}

/** The activation Σ_k √p_k He_k/√k!, a polynomial, with the dual Σ_k p_k ξ^k at variance 1. */
export function hermiteMixture(powers: readonly number[]): ActivationInput {
  const coefficients = Array<number>(powers.length).fill(0);
  powers.forEach((p, k) => hermiteCoefficients(k).forEach((c, i) => (coefficients[i]! += Math.sqrt(p) * c)));
  return { name: "polynomial", coefficients };
}
