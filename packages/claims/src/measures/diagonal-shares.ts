import type { Matrix } from "lineament";

/** M_kk / tr M: how much of a feature matrix lies on each coordinate. */
export function diagonalShares({ data, rows }: Matrix): number[] {
  const diagonal = Array.from({ length: rows }, (_, k) => data[k * (rows + 1)]!);
  const trace = diagonal.reduce((sum, value) => sum + value, 0);
  return diagonal.map((value) => value / trace);
}

/** The places of the `count` largest numbers, the largest first. */
export function largestPlaces(values: readonly number[], count: number): number[] {
  return Array.from(values.keys())
    .sort((i, j) => values[j]! - values[i]!)
    .slice(0, count);
}
