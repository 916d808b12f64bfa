import type { Rows } from "./rows.ts";

/**
 * ‖W*_{Ωᶜ}‖_F/‖W*‖_F: the relative error of completion by one layer from 0, which never changes an unobserved entry.
 *
 * @param truth - W*
 * @param observed - Ω, for each entry whether it was seen
 * @see claim LN-14
 */
export function unobservedError(truth: Rows, observed: readonly (readonly boolean[])[]): number {
  const hidden = truth.flatMap((row, i) => row.filter((_, j) => !observed[i]![j]!));
  return Math.hypot(...hidden) / Math.hypot(...truth.flat());
}

/** r (d_1 + d_2 − r): degrees of freedom of a d_1 × d_2 matrix of rank r; with fewer observations nothing can recover it. */
export function lowRankFreedom(rows: number, columns: number, rank: number): number {
  return rank * (rows + columns - rank);
}
