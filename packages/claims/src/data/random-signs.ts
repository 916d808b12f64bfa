import type { Random } from "lineament";

/** n independent fair signs, ±1. */
export function randomSigns(n: number, generator: Random): Float64Array {
  return Float64Array.from({ length: n }, () => (generator.uniform() < 0.5 ? 1 : -1));
}

/**
 * A copy of labels ±1 in which each is replaced, with probability `fraction`, by a fair random sign (so about half of the
 * replaced ones do not change). All draws are made at every fraction: the labels of a seed are nested.
 *
 * @throws RangeError unless fraction is in [0, 1]
 */
export function corruptedSigns(labels: Float64Array, fraction: number, generator: Random): Float64Array {
  if (!(fraction >= 0 && fraction <= 1))
    throw new RangeError(`corruptedSigns: fraction ${fraction}; give a number in [0, 1]`);
  return labels.map((label) => {
    const replaced = generator.uniform() < fraction;
    const sign = generator.uniform() < 0.5 ? 1 : -1;
    return replaced ? sign : label;
  });
}
