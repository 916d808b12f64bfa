import { checkCount } from "./checks.ts";
import type { SymmetricProduct } from "./lanczos.ts";
import { breather } from "./queue.ts";
import { random, randomSigns } from "./random.ts";

/** An estimate with its uncertainty. */
export interface TraceEstimate {
  readonly trace: number;
  /** Standard error of `trace`, from the spread of the probes. */
  readonly standardError: number;
  readonly probes: number;
}

/**
 * tr A ≈ mean of vᵀ A v over random signs v. Unbiased; exact for diagonal A; the variance of a probe is 2 Σ_{i≠j} A_ij².
 *
 * @param product - v ↦ A v, A symmetric
 * @param dimension - length of v
 * @param options.probes - at least 2, default 100
 * @see Hutchinson 1990
 */
export async function hutchinsonTrace(
  product: SymmetricProduct,
  dimension: number,
  {
    probes = 100,
    seed = 0,
    signal,
  }: { readonly probes?: number; readonly seed?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<TraceEstimate> {
  checkCount("hutchinsonTrace", "dimension", dimension);
  checkCount("hutchinsonTrace", "probes", probes, 2);
  const generator = random(seed);
  const pause = breather(signal);
  let mean = 0;
  let squares = 0;
  for (let probe = 1; probe <= probes; probe++) {
    signal?.throwIfAborted();
    const v = randomSigns(dimension, generator);
    const image = await product(v);
    if (image.length !== dimension)
      throw new RangeError(`hutchinsonTrace: the product has ${image.length} entries, expected ${dimension}`);
    let value = 0;
    for (let i = 0; i < dimension; i++) value += v[i]! * image[i]!;
    if (!Number.isFinite(value))
      throw new RangeError(`hutchinsonTrace: the product of probe ${probe} is not finite`);
    const difference = value - mean;
    mean += difference / probe;
    squares += difference * (value - mean);
    await pause();
  }
  return { trace: mean, standardError: Math.sqrt(squares / (probes - 1) / probes), probes };
}
