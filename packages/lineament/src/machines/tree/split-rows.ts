/** Rows divided in two by a threshold on one number each. */
export interface RowSplit {
  /** Rows with z ≤ threshold go low. No row lies on it unless two neighboring values cannot be told apart. */
  readonly threshold: number;
  /** Interquartile range of z, at least 10⁻⁶. */
  readonly spread: number;
  /** Positions of the rows that the low child learns from, ascending: those on its side and the nearest of the other. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** The share of the rows on the smaller side, at most ½. */
  readonly balance: number;
}

/**
 * Divides rows at the gap between two different values that is nearest to the median: which side a row is on depends on its value
 * alone, for training rows and for any other. Each child also learns from the nearest rows beyond the threshold, 2 ω times
 * the rows of the smaller side; of rows with one value, those that come first.
 *
 * @param z - one number a row
 * @param overlap - ω in [0, ½): at an even division a child has ½ + ω of the rows
 * @returns undefined when all values are equal
 */
export function splitRows(z: Float64Array, overlap: number): RowSplit | undefined {
  const n = z.length;
  const sorted = z.slice().sort();
  const at = nearestGap(sorted);
  if (at === undefined) return undefined;
  const below = sorted[at - 1]!;
  const above = sorted[at]!;
  const middle = below + (above - below) / 2;
  const threshold = middle < above ? middle : below;
  const smaller = Math.min(at, n - at);
  const extra = Math.floor(2 * overlap * smaller);
  const quartile = (p: number): number => sorted[Math.round(p * (n - 1))]!;
  return {
    threshold,
    spread: Math.max(quartile(0.75) - quartile(0.25), 1e-6),
    low: smallest(z, sorted, at + extra),
    high: smallest(
      z.map((value) => -value),
      sorted.map((value) => -value).toReversed(),
      n - at + extra,
    ),
    balance: smaller / n,
  };
}

/** The number of values before the gap nearest to the middle, the lower one of two; undefined without any. */
function nearestGap(sorted: Float64Array): number | undefined {
  const n = sorted.length;
  const middle = (n + 1) >> 1;
  for (let step = 0; step < n; step++)
    for (const at of [middle - step, middle + step])
      if (at > 0 && at < n && sorted[at - 1]! < sorted[at]!) return at;
  return undefined;
}

/** Positions of the `count` smallest values; of equal ones the first. */
function smallest(z: Float64Array, sorted: Float64Array, count: number): Int32Array {
  const last = sorted[count - 1]!;
  let equal = count;
  for (const value of sorted) {
    if (value >= last) break;
    equal--;
  }
  const chosen = new Int32Array(count);
  let at = 0;
  for (let i = 0; i < z.length; i++) if (z[i]! < last || (z[i] === last && equal-- > 0)) chosen[at++] = i;
  return chosen;
}
