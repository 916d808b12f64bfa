/** √(ab) for variances a, b ≥ 0: exactly a when b = a, without overflow of the product. */
export function geometricMean(a: number, b: number): number {
  if (a === b) return a;
  const product = a * b;
  return product > 1e-280 && product < 1e280 ? Math.sqrt(product) : Math.sqrt(a) * Math.sqrt(b);
}

/** The covariance c, taken back to ±r where rounding has carried it beyond. */
export function clip(c: number, r: number): number {
  return c > r ? r : c < -r ? -r : c;
}

/** s = √(r² − c²), r = √(ab): never of a negative number, and 0 for c = ±r. */
export function complement(r: number, c: number): number {
  const square = (r - c) * (r + c);
  return square > 0 ? Math.sqrt(square) : 0;
}

/**
 * The angle θ ∈ [0, π] with cos θ = c/r, r = √(ab); π/2 for r = 0, where it is a convention (a zero input without bias).
 * arccos away from ±1, where it is fast and exact, arctangent near them, where arccos loses half the digits.
 */
export function angle(r: number, c: number): number {
  if (r === 0) return Math.PI / 2;
  const cosine = c / r;
  if (cosine > -0.99 && cosine < 0.99) return Math.acos(cosine);
  const square = ((r - c) / r) * ((r + c) / r);
  return Math.atan2(square > 0 ? Math.sqrt(square) : 0, cosine);
}

/** @throws RangeError unless all are finite and ≥ 0 */
export function checkVariances(call: string, name: string, variances: ArrayLike<number>): void {
  for (let i = 0; i < variances.length; i++)
    if (!(variances[i]! >= 0 && variances[i]! < Infinity))
      throw new RangeError(
        `${call}: ${name}[${i}] is ${variances[i]}, expected a variance: finite and not negative`,
      );
}
