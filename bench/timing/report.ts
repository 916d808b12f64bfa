import { type Benchmark, type Size, sizeName } from "./benchmark.ts";
import type { Failure, Measurement } from "./contest.ts";
import type { Limits } from "./limits.ts";

/** A measurement beside what the machine can do. */
export interface Result extends Measurement {
  /** Of one run, where the algorithm has a count. */
  readonly flops?: number;
  /** Its flops a second as a share of those of a matrix product of the same precision. */
  readonly gemmShare?: number;
  /** Rows or the like a second. */
  readonly countPerSecond?: number;
}

/** All that one run of the benchmarks found: what is written as JSON, and what the page is drawn from. */
export interface Report {
  readonly about: string;
  readonly date: string;
  readonly quick: boolean;
  readonly lineament: string;
  readonly node: string;
  /** Of the peers that were there. */
  readonly versions: Readonly<Record<string, string>>;
  /** Peers that were not. */
  readonly missing: readonly string[];
  readonly processor: string;
  readonly processors: number;
  readonly memoryBytes: number;
  /** Load of the machine when the run began. */
  readonly load: number;
  readonly engine: string;
  readonly limits: Limits;
  readonly results: readonly Result[];
  readonly failures: readonly Failure[];
}

/** Adds flops and rates to a measurement. */
export function asResult(benchmark: Benchmark, measurement: Measurement, limits: Limits): Result {
  const { contestant, size, seconds } = measurement;
  const flops = benchmark.uncounted?.includes(contestant) ? undefined : benchmark.flops?.(size);
  const count = benchmark.count?.in(size);
  return {
    ...measurement,
    ...(flops === undefined ? {} : { flops, gemmShare: flops / seconds / limits.gemm[benchmark.precision] }),
    ...(count === undefined ? {} : { countPerSecond: count / seconds }),
  };
}

/** The result of a contestant at a size, given by its name. */
export function resultAt(
  { results }: Pick<Report, "results">,
  benchmark: string,
  contestant: string,
  size: string | Size,
): Result | undefined {
  const name = typeof size === "string" ? size : sizeName(size);
  return results.find(
    (one) => one.benchmark === benchmark && one.contestant === contestant && sizeName(one.size) === name,
  );
}
