/** Work of a fit, counted in what limits it. Multiplications and additions count apart. */
export interface Work {
  /** Floating-point operations at the rate of large float32 matrix products: products, factorizations, distances. */
  readonly flops: number;
  /** Kernel values that are computed and written: an exponential and what is around it. */
  readonly values: number;
  /** Bytes that one thread reads and writes in plain passes over arrays. */
  readonly traffic: number;
}

/** What a fit takes. */
export interface Cost {
  readonly work: Work;
  /** Peak memory in bytes, beside the rows themselves. */
  readonly bytes: number;
}

/** How fast an engine does each kind of work, a second. */
export interface EngineRates {
  /** Floating-point operations of a float32 matrix product. */
  readonly flops: number;
  /** Values of the Laplace kernel of few coordinates, in float32. */
  readonly values: number;
  /** Bytes that a pass of one thread reads and writes. */
  readonly bandwidth: number;
}

export const noWork: Work = { flops: 0, values: 0, traffic: 0 };

export function sumOfWork(...parts: readonly Work[]): Work {
  return parts.reduce(
    (sum, part) => ({
      flops: sum.flops + part.flops,
      values: sum.values + part.values,
      traffic: sum.traffic + part.traffic,
    }),
    noWork,
  );
}

export function repeatedWork(count: number, { flops, values, traffic }: Work): Work {
  return { flops: count * flops, values: count * values, traffic: count * traffic };
}

/** Seconds of some work: the sum over its kinds, as they hardly ever overlap. */
export function secondsOf({ flops, values, traffic }: Work, rates: EngineRates): number {
  return flops / rates.flops + values / rates.values + traffic / rates.bandwidth;
}

/** 1.2 GB, 350 MB. */
export function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}
