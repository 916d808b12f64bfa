import type { Matrix } from "../../linalg/index.ts";

/** A completed matrix: mean + row bias + column bias + left rightᵀ. Everything that completes here has this form. */
export interface Completion {
  readonly mean: number;
  /** One a row; 0 for rows without entries. */
  readonly rowBiases: Float64Array;
  readonly columnBiases: Float64Array;
  /** rows × rank. */
  readonly left: Matrix<Float64Array>;
  /** cols × rank. */
  readonly right: Matrix<Float64Array>;
}

/** Ridges of biases: like so many entries at the mean in every row, and in every column. */
export interface BiasRidges {
  readonly rows: number;
  readonly columns: number;
}

/**
 * Its entries at pairs of a row and a column. A row or column of number −1 is unknown: what is known of the other remains.
 * @param row - of each pair, from 0, or −1
 */
export function completedEntries(
  completion: Completion,
  row: ArrayLike<number>,
  column: ArrayLike<number>,
): Float64Array {
  return Float64Array.from({ length: row.length }, (_, k) => completedEntry(completion, row[k]!, column[k]!));
}

function completedEntry(
  { mean, rowBiases, columnBiases, left, right }: Completion,
  row: number,
  column: number,
): number {
  let entry = mean + (row < 0 ? 0 : rowBiases[row]!) + (column < 0 ? 0 : columnBiases[column]!);
  if (row < 0 || column < 0) return entry;
  const rank = left.cols;
  for (let r = 0; r < rank; r++) entry += left.data[row * rank + r]! * right.data[column * rank + r]!;
  return entry;
}
