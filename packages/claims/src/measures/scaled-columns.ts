import { type Matrix, zeros } from "lineament";

/** A diag(factors). */
export function scaledColumns(a: Matrix, factors: ArrayLike<number>): Matrix<Float64Array> {
  const result = zeros(a.rows, a.cols);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.cols; j++) result.data[i * a.cols + j] = a.data[i * a.cols + j]! * factors[j]!;
  return result;
}
