import { type Matrix, type ObservedEntries, type Random, zeros } from "lineament";
import { gaussianMatrix } from "../data/index.ts";

/** A square matrix of low rank, and which of its entries are seen. */
export interface LowRankCompletion {
  /** W*, with ‖W*‖_F = d. */
  readonly truth: Matrix<Float64Array>;
  readonly observed: ObservedEntries;
}

/** Entries that are seen in each row and column at least. */
const leastSeen = 4;

/**
 * U Vᵀ with Gaussian d × r factors, and a stratified mask of m entries: four shifted diagonals with rows and columns permuted, so
 * that no row or column has fewer, and the rest uniformly among the others.
 *
 * @param problem.dimension - d ≥ 4
 * @param problem.rank - r
 * @param problem.entries - m ≥ 4d
 * @see Arora, Cohen, Hu & Luo, arXiv:1905.13655
 */
export function lowRankCompletion(
  problem: { readonly dimension: number; readonly rank: number; readonly entries: number },
  generator: Random,
): LowRankCompletion {
  const { dimension: d, rank, entries } = problem;
  const [u, v] = [gaussianMatrix(d, rank, generator), gaussianMatrix(d, rank, generator)];
  const truth = zeros(d, d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++)
      for (let r = 0; r < rank; r++) truth.data[i * d + j]! += u.data[i * rank + r]! * v.data[j * rank + r]!;
  const scale = d / Math.hypot(...truth.data);
  truth.data.forEach((value, at) => (truth.data[at] = scale * value));
  const rows = permutation(d, generator);
  const columns = permutation(d, generator);
  const seen = new Set<number>();
  for (let shift = 0; shift < leastSeen; shift++)
    for (let i = 0; i < d; i++) seen.add(rows[i]! * d + columns[(i + shift) % d]!);
  for (const place of permutation(d * d, generator)) {
    if (seen.size >= entries) break;
    seen.add(place);
  }
  const places = [...seen].sort((a, b) => a - b);
  const observed = {
    rows: d,
    cols: d,
    row: places.map((place) => Math.floor(place / d)),
    column: places.map((place) => place % d),
    values: places.map((place) => truth.data[place]!),
  };
  return { truth, observed };
}

/** 0, …, n − 1 in random order. */
function permutation(n: number, generator: Random): number[] {
  const result = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(generator.uniform() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}
