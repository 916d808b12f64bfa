/**
 * B(d, k) = (2k + d − 2)/k · C(k + d − 3, k − 1): the number of independent spherical harmonics of degree k on the sphere
 * in d dimensions, by B(d, k + 1) = B(d, k) (2k + d)(k + d − 2) / ((2k + d − 2)(k + 1)). Exact up to rounding for every d.
 *
 * @param d - dimension of the space, at least 2
 * @throws RangeError unless d ≥ 2 and k ≥ 0 are integers
 * @see claim LZ-08
 */
export function harmonicMultiplicity(d: number, k: number): number {
  checkDimension("harmonicMultiplicity", d);
  if (!Number.isInteger(k) || k < 0)
    throw new RangeError(`harmonicMultiplicity: degree ${k}; give a whole number, 0 or more`);
  if (k === 0) return 1;
  let multiplicity = d;
  for (let j = 1; j < k; j++) multiplicity *= ((2 * j + d) * (j + d - 2)) / ((2 * j + d - 2) * (j + 1));
  return multiplicity < 2 ** 53 ? Math.round(multiplicity) : multiplicity;
}

/** B(d, k) for k = 0 … degree. */
export function harmonicMultiplicities(d: number, degree: number): number[] {
  return Array.from({ length: degree + 1 }, (_, k) => harmonicMultiplicity(d, k));
}

/** @throws RangeError unless d is an integer of at least 2 */
export function checkDimension(call: string, d: number): void {
  if (!Number.isInteger(d) || d < 2)
    throw new RangeError(`${call}: dimension ${d}; give a whole number, 2 or more`);
}
