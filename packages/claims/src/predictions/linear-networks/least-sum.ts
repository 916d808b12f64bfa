import { LuDecomposition, Matrix, solve } from "ml-matrix";
import { dot } from "../dot.ts";
import { checkDepth } from "./check-depth.ts";
import { matrixOf, type Rows } from "./rows.ts";

/** A solution of the linear program min {Σ_i w_i: A w = b, w ≥ 0}. */
export interface LeastSum {
  readonly sum: number;
  readonly solution: readonly number[];
  /**
   * 1 − Aᵀν for the dual solution ν, 0 where the solution may be positive: any w ≥ 0 with A w = b has the sum plus Σ_i slack_i w_i.
   */
  readonly slacks: readonly number[];
}

/**
 * The w ≥ 0 with A w = b of least sum: the limit α → 0 of commuting sensing, minimum nuclear norm. One of the solutions has no more
 * than m entries that are not 0, and all choices of them are tried: meant for a few dozen entries.
 *
 * @param measurements - A, m × d, of rank m
 * @param results - b
 * @returns undefined when no w ≥ 0 solves A w = b
 * @see claim LN-21
 */
export function leastNonnegativeSum(measurements: Rows, results: readonly number[]): LeastSum | undefined {
  const a = matrixOf(measurements);
  const b = Matrix.columnVector([...results]);
  const rows = Array.from({ length: a.rows }, (_, i) => i);
  let best: { sum: number; support: readonly number[]; entries: readonly number[] } | undefined;
  for (const support of subsets(a.columns, a.rows)) {
    const factor = new LuDecomposition(a.selection(rows, support));
    if (factor.isSingular()) continue;
    const entries = factor.solve(b).to1DArray();
    const sum = entries.reduce((total, value) => total + value, 0);
    if (entries.every((value) => value >= -1e-12 * Math.abs(sum)) && sum < (best?.sum ?? Infinity))
      best = { sum, support, entries };
  }
  if (best === undefined) return undefined;
  const { sum, support, entries } = best;
  const dual = solve(a.selection(rows, [...support]).transpose(), Matrix.ones(a.rows, 1)).to1DArray();
  const places = Array.from({ length: a.columns }, (_, column) => support.indexOf(column));
  return {
    sum,
    solution: places.map((place) => (place < 0 ? 0 : Math.max(0, entries[place]!))),
    slacks: places.map((place, column) => (place < 0 ? 1 - dot(dual, a.getColumn(column)) : 0)),
  };
}

/**
 * α Σ_i slack_i^{−2/(n−2)} over positive slacks, for n ≥ 3: by how much Σ_i w_i of the limit of commuting sensing exceeds the least
 * sum, for small α and when the linear program has only one solution. Each entry that is 0 there is α slack_i^{−n/(n−2)} here.
 */
export function leastSumExcess(slacks: readonly number[], depth: number, alpha: number): number {
  checkDepth("leastSumExcess", depth, 3);
  return slacks.reduce((sum, slack) => (slack > 0 ? sum + alpha * slack ** (-2 / (depth - 2)) : sum), 0);
}

/** All sets of `size` whole numbers from `from` to below `n`, ascending. */
function* subsets(n: number, size: number, from = 0): Generator<number[]> {
  if (size === 0) yield [];
  else
    for (let first = from; first + size <= n; first++)
      for (const rest of subsets(n, size - 1, first + 1)) yield [first, ...rest];
}
