import { type Matrix, zeros } from "lineament";

/** Columns of mean 0 and standard deviation 1 over the first matrix (with divisor n), and the others in the same units. */
export function standardized(
  train: Matrix<Float64Array>,
  ...others: readonly Matrix<Float64Array>[]
): Matrix<Float64Array>[] {
  const { rows, cols, data } = train;
  const means = new Float64Array(cols);
  const deviations = new Float64Array(cols);
  for (let at = 0; at < data.length; at++) means[at % cols]! += data[at]! / rows;
  for (let at = 0; at < data.length; at++)
    deviations[at % cols]! += (data[at]! - means[at % cols]!) ** 2 / rows;
  return [train, ...others].map((matrix) => {
    const result = zeros(matrix.rows, cols);
    for (let at = 0; at < result.data.length; at++)
      result.data[at] = (matrix.data[at]! - means[at % cols]!) / Math.sqrt(deviations[at % cols]!);
    return result;
  });
}
