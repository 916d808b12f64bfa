import { checkDimension } from "./harmonic-multiplicity.ts";

/**
 * P_0(t) … P_degree(t): Gegenbauer polynomials of the sphere in d dimensions with P_k(1) = 1 (Legendre at d = 3, Chebyshev at
 * d = 2), by (k + d − 2) P_{k+1} = (2k + d − 2) t P_k − k P_{k−1}. For the first coordinate t of a uniform point of the unit
 * sphere, E[P_j P_k] = δ_jk / B(d, k).
 *
 * @param t - in [−1, 1]
 * @throws RangeError unless d is an integer of at least 2
 * @see claim LZ-08
 */
export function gegenbauer(d: number, degree: number, t: number): Float64Array {
  checkDimension("gegenbauer", d);
  const values = new Float64Array(degree + 1);
  values[0] = 1;
  if (degree > 0) values[1] = t;
  for (let k = 1; k < degree; k++)
    values[k + 1] = ((2 * k + d - 2) * t * values[k]! - k * values[k - 1]!) / (k + d - 2);
  return values;
}
