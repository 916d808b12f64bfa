import type { Matrix } from "lineament";

/**
 * Σ_i y_i ‖x − x_i‖^−α at each of m points, for several exponents at once: α, 2α, 4α, …, as many as asked for.
 *
 * @param data - x: n × d, and their labels
 * @param test - m × d
 * @param options - exponent: the smallest, α; count: of exponents
 * @see Devroye, Györfi & Krzyżak, The Hilbert kernel regression estimate, 1998
 */
export function hilbertVotes(
  { x, labels }: { readonly x: Matrix; readonly labels: Float64Array },
  test: Matrix,
  { exponent, count }: { readonly exponent: number; readonly count: number },
): Float64Array[] {
  const votes = Array.from({ length: count }, () => new Float64Array(test.rows));
  const { rows: n, cols: d } = x;
  const sums = new Float64Array(count);
  for (let i = 0; i < test.rows; i++) {
    sums.fill(0);
    for (let j = 0; j < n; j++) {
      let square = 0;
      for (let k = 0; k < d; k++) square += (test.data[i * d + k]! - x.data[j * d + k]!) ** 2;
      // Points that coincide decide, but not by infinities.
      let weight = Math.max(square, 1e-30) ** (-exponent / 2);
      for (let e = 0; e < count; e++, weight *= weight) sums[e]! += labels[j]! * weight;
    }
    votes.forEach((vote, e) => (vote[i] = sums[e]!));
  }
  return votes;
}
