import type { KnownEntries } from "./known-entries.ts";

/** The smallest and the largest known value. */
export type ValueRange = readonly [number, number];

export function rangeOf({ values }: KnownEntries): ValueRange {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** The values, kept within the range if there is one. */
export function clippedTo(range: ValueRange | undefined, values: Float64Array): Float64Array {
  return range ? values.map((value) => Math.min(range[1], Math.max(range[0], value))) : values;
}
