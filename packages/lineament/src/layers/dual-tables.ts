import type { ActivationChoice } from "./activation.ts";
import { activationKey } from "./activation-key.ts";
import { functionPair } from "./cross-rules.ts";
import { varianceTable, type VarianceTable } from "./variance-table.ts";

/** κ and κ̇ of two activations for a range of variances. */
export interface DualTables {
  readonly values: VarianceTable;
  readonly slopes: VarianceTable;
}

const kept = new Map<string, DualTables>();
const most = 16;

/**
 * Tables for standard deviations from `smallest` to `largest`, rounded outwards to half powers of 2, so that similar data have the
 * same. The last few are kept: a fit asks for the same ones with every matrix.
 */
export function dualTables(
  first: ActivationChoice,
  second: ActivationChoice,
  smallest: number,
  largest: number,
): DualTables {
  const range = [rounded(smallest, Math.floor), rounded(largest, Math.ceil)] as const;
  const key = [activationKey(first), activationKey(second), ...range].join();
  const known = kept.get(key) ?? made(first, second, range);
  kept.delete(key);
  kept.set(key, known);
  if (kept.size > most) kept.delete(kept.keys().next().value!);
  return known;
}

function rounded(deviation: number, round: (x: number) => number): number {
  return deviation === 0 ? 0 : 2 ** (round(2 * Math.log2(deviation)) / 2);
}

function made(
  first: ActivationChoice,
  second: ActivationChoice,
  range: readonly [number, number],
): DualTables {
  const { functions, growth } = functionPair(first, second);
  const [f, g] = functions;
  return {
    values: varianceTable(f.value, g.value, range, growth),
    slopes: varianceTable(f.slope, g.slope, range, growth),
  };
}
