import { LuDecomposition, Matrix } from "ml-matrix";
import { matrixOf, type Rows } from "./rows.ts";

/**
 * The w ≥ 0 with A w = b of least sum, and the sum: the limit α → 0 of commuting sensing, minimum nuclear norm. A linear program;
 * one of its solutions has no more than m entries that are not 0, and all choices of them are tried: meant for a few dozen entries.
 *
 * @param measurements - A, m × d
 * @param results - b
 * @returns undefined when no w ≥ 0 solves A w = b
 * @see linear-networks.md LN-21
 */
export function leastNonnegativeSum(
  measurements: Rows,
  results: readonly number[],
): { readonly sum: number; readonly solution: readonly number[] } | undefined {
  const a = matrixOf(measurements);
  const b = Matrix.columnVector([...results]);
  const rows = Array.from({ length: a.rows }, (_, i) => i);
  let best: { sum: number; solution: number[] } | undefined;
  for (const support of subsets(a.columns, a.rows)) {
    const factor = new LuDecomposition(a.selection(rows, support));
    if (factor.isSingular()) continue;
    const entries = factor.solve(b).to1DArray();
    const sum = entries.reduce((total, value) => total + value, 0);
    if (entries.some((value) => value < -1e-12 * Math.abs(sum)) || sum >= (best?.sum ?? Infinity)) continue;
    const solution = Array.from({ length: a.columns }, () => 0);
    support.forEach((column, i) => {
      solution[column] = Math.max(0, entries[i]!);
    });
    best = { sum, solution };
  }
  return best;
}

/** All sets of `size` whole numbers from `from` to below `n`, ascending. */
function* subsets(n: number, size: number, from = 0): Generator<number[]> {
  if (size === 0) yield [];
  else
    for (let first = from; first + size <= n; first++)
      for (const rest of subsets(n, size - 1, first + 1)) yield [first, ...rest];
}
