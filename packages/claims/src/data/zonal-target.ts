import type { Matrix, Random } from "lineament";
import { spherePolynomials } from "./sphere-polynomials.ts";
import { unitVector } from "./sphere-points.ts";

/** A function on √d S^{d−1}: x (n × d) to n values. */
export type Target = (x: Matrix) => Float64Array;

/**
 * f(x) = Σ_k √energies_k p_k(⟨v_k, x⟩) with independent random directions v_k: the part of degree k has squared norm
 * energies_k exactly.
 */
export function zonalTarget(d: number, energies: readonly number[], generator: Random): Target {
  const polynomials = spherePolynomials(d, energies.length - 1);
  const directions = energies.map(() => unitVector(d, generator));
  const values = new Float64Array(energies.length);
  return (x) => {
    const result = new Float64Array(x.rows);
    energies.forEach((energy, k) => {
      if (energy === 0) return;
      const direction = directions[k]!;
      const size = Math.sqrt(energy);
      for (let i = 0; i < x.rows; i++) {
        let along = 0;
        for (let j = 0; j < d; j++) along += direction[j]! * x.data[i * d + j]!;
        result[i]! += size * polynomials.at(along, values)[k]!;
      }
    });
    return result;
  };
}
