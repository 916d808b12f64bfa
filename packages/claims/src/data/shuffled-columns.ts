import { type Matrix, permutation, type Random } from "lineament";

/** A copy in which some columns come, all together, from another row: they lose what they have to do with the rest. */
export function shuffledColumns(
  { data, rows, cols }: Matrix<Float64Array>,
  columns: readonly number[],
  generator: Random,
): Matrix<Float64Array> {
  const order = permutation(rows, generator);
  const result = data.slice();
  for (let i = 0; i < rows; i++) for (const k of columns) result[i * cols + k] = data[order[i]! * cols + k]!;
  return { data: result, rows, cols };
}
