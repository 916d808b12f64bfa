import { mean, standardDeviation } from "./statistics.ts";

/** A point of a drawing: the mean of some numbers at x, and its standard error. */
export function averaged(
  x: number,
  values: readonly number[],
): { readonly x: number; readonly y: number; readonly error: number } {
  return { x, y: mean(values), error: standardDeviation(values) / Math.sqrt(values.length) };
}
