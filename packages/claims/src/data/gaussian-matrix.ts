import { type Matrix, type Random, zeros } from "lineament";

/** rows × cols independent normal numbers of mean 0. */
export function gaussianMatrix(
  rows: number,
  cols: number,
  generator: Random,
  { std = 1 }: { readonly std?: number } = {},
): Matrix<Float64Array> {
  const result = zeros(rows, cols);
  for (let i = 0; i < result.data.length; i++) result.data[i] = std * generator.normal();
  return result;
}

/** n independent standard normal numbers. */
export function gaussianVector(n: number, generator: Random): Float64Array {
  return gaussianMatrix(1, n, generator).data;
}
