import type { Matrix } from "lineament";

/**
 * The k nearest rows of x to every row of z by Euclidean distance, nearest first: neighbor j of row i at i k + j. Of rows at equal
 * distance the first counts as nearer.
 *
 * @param x - n × d, n ≥ k
 * @param z - m × d
 * @throws RangeError when x has fewer than k rows
 */
export function nearestNeighbors(x: Matrix, z: Matrix, k = 1): Int32Array {
  const { rows: n, cols: d } = x;
  if (!(k >= 1 && k <= n))
    throw new RangeError(`nearestNeighbors: ${k} neighbors among ${n} rows; give 1 to ${n}`);
  const found = new Int32Array(z.rows * k);
  const distances = new Float64Array(k);
  for (let i = 0; i < z.rows; i++) {
    const nearest = found.subarray(i * k, (i + 1) * k);
    const point = z.data.subarray(i * d, (i + 1) * d);
    distances.fill(Infinity);
    for (let row = 0; row < n; row++) {
      let square = 0;
      for (let j = 0; j < d; j++) {
        const apart = point[j]! - x.data[row * d + j]!;
        square += apart * apart;
      }
      if (square >= distances[k - 1]!) continue;
      let at = k - 1;
      for (; at > 0 && distances[at - 1]! > square; at--) {
        distances[at] = distances[at - 1]!;
        nearest[at] = nearest[at - 1]!;
      }
      distances[at] = square;
      nearest[at] = row;
    }
  }
  return found;
}
