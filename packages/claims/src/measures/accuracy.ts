import type { Matrix } from "lineament";

/**
 * The share of examples that are classified right: with one column by the sign of the value, labels ±1; with several by the largest of
 * them, targets one-hot.
 */
export function accuracy(values: Matrix, targets: Matrix): number {
  const { rows, cols } = values;
  let right = 0;
  for (let i = 0; i < rows; i++)
    if (cols === 1 ? values.data[i]! * targets.data[i]! > 0 : largest(values, i) === largest(targets, i))
      right++;
  return right / rows;
}

function largest({ data, cols }: Matrix, row: number): number {
  let at = 0;
  for (let k = 1; k < cols; k++) if (data[row * cols + k]! > data[row * cols + at]!) at = k;
  return at;
}
