/**
 * 1 + 1/k: the test error of k-nearest-neighbor regression over the variance of the noise as n → ∞, where neighbors are so close
 * that only their noise differs.
 *
 * @see arXiv:2207.06569; claim IN-09
 */
export function neighborNoiseRatio(neighbors: number): number {
  if (!(Number.isInteger(neighbors) && neighbors >= 1))
    throw new RangeError(`neighborNoiseRatio: ${neighbors} neighbors; give a whole number, 1 or more`);
  return 1 + 1 / neighbors;
}

/**
 * 2 p (1 − p): the error of the nearest-neighbor classifier as n → ∞ when every label is flipped with probability p: either the
 * neighbor's or the new label is wrong. The best classifier has min(p, 1 − p).
 *
 * @see Cover & Hart 1967; claim IN-09
 */
export function nearestNeighborError(flip: number): number {
  if (!(flip >= 0 && flip <= 1))
    throw new RangeError(`nearestNeighborError: flip ${flip}; give a probability in [0, 1]`);
  return 2 * flip * (1 - flip);
}
