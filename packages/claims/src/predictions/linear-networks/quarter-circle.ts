/**
 * 8/(3π) s √d: the mean singular value of a d × d matrix of independent entries with mean 0 and standard deviation s, as d grows.
 * Two balanced layers in its place move 2 · 8/(3π) s √d times as fast at the start.
 *
 * @see Marchenko & Pastur 1967, for square matrices the quarter-circle law; claim LN-24
 */
export function quarterCircleMean(deviation: number, d: number): number {
  return (8 / (3 * Math.PI)) * deviation * Math.sqrt(d);
}
