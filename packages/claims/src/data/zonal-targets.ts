import { type Matrix, type Random, zeros } from "lineament";
import { spherePolynomials } from "./sphere-polynomials.ts";
import { unitVector } from "./sphere-points.ts";

/** c functions on √d S^{d−1}: x (n × d) to their values (n × c). */
export type Targets = (x: Matrix) => Matrix<Float64Array>;

/**
 * `count` functions f(x) = Σ_k √energies_k p_k(⟨v_k, x⟩), each with its own independent random directions v_k: the part of degree
 * k of each has squared norm energies_k exactly.
 */
export function zonalTargets(
  d: number,
  energies: readonly number[],
  count: number,
  generator: Random,
): Targets {
  const polynomials = spherePolynomials(d, energies.length - 1);
  const directions = Array.from({ length: count }, () => energies.map(() => unitVector(d, generator)));
  const values = new Float64Array(energies.length);
  return (x) => {
    const result = zeros(x.rows, count);
    for (const [at, own] of directions.entries())
      for (const [k, energy] of energies.entries()) {
        if (energy === 0) continue;
        const direction = own[k]!;
        const size = Math.sqrt(energy);
        for (let i = 0; i < x.rows; i++) {
          let along = 0;
          for (let j = 0; j < d; j++) along += direction[j]! * x.data[i * d + j]!;
          result.data[i * count + at]! += size * polynomials.at(along, values)[k]!;
        }
      }
    return result;
  };
}
