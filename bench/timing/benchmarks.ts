import { engineBenchmarks } from "../engine.ts";
import { infiniteBenchmarks } from "../infinite.ts";
import { linearBenchmarks } from "../linear.ts";
import { longTableBenchmarks } from "../long-tables.ts";
import { networkBenchmarks } from "../networks.ts";
import { predictionBenchmarks } from "../predict.ts";
import { machineBenchmarks } from "../rfm.ts";
import type { Benchmark } from "./benchmark.ts";

/** All benchmarks, in the order of the page. */
export const benchmarks: readonly Benchmark[] = [
  ...engineBenchmarks,
  ...machineBenchmarks,
  ...predictionBenchmarks,
  ...longTableBenchmarks,
  ...infiniteBenchmarks,
  ...networkBenchmarks,
  ...linearBenchmarks,
];
