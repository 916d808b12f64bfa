/** The three known entries of a 2 × 2 matrix whose upper left entry is to be completed. */
export interface TwoByTwo {
  readonly upperRight: number;
  readonly lowerLeft: number;
  readonly lowerRight: number;
}

/** ‖X‖_* = √(‖X‖_F² + 2 |det X|) with the given upper left entry. @see claim LN-15, LN-20 */
export function nuclearNormWith(known: TwoByTwo, upperLeft: number): number {
  const { upperRight: b, lowerLeft: c, lowerRight: d } = known;
  return Math.sqrt(upperLeft ** 2 + b ** 2 + c ** 2 + d ** 2 + 2 * Math.abs(upperLeft * d - b * c));
}

/** The upper left entry of least nuclear norm: that of rank one, but no farther from 0 than the lower right entry. */
export function leastNuclearNormEntry(known: TwoByTwo): number {
  const limit = Math.abs(known.lowerRight);
  return Math.max(-limit, Math.min(limit, rankOneEntry(known) ?? 0));
}

/** The upper left entry that makes the rank one; undefined where there is none, with a lower right entry of 0. */
export function rankOneEntry({ upperRight, lowerLeft, lowerRight }: TwoByTwo): number | undefined {
  return lowerRight === 0 ? undefined : (upperRight * lowerLeft) / lowerRight;
}
