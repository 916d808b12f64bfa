import { type Matrix, rowRange, zeros } from "lineament";

/** Inputs and targets, one example a row. */
export interface Regression {
  /** n × d. */
  readonly x: Matrix<Float64Array>;
  /** n × c. */
  readonly y: Matrix<Float64Array>;
}

/** Targets y = f(x), one for each row of x. */
export function targetsOf(x: Matrix<Float64Array>, f: (row: Float64Array) => number): Matrix<Float64Array> {
  const y = zeros(x.rows, 1);
  for (let i = 0; i < x.rows; i++) y.data[i] = f(x.data.subarray(i * x.cols, (i + 1) * x.cols));
  return y;
}

/** The first n examples for training, the others for tests; both share memory with all of them. */
export function split(
  { x, y }: Regression,
  n: number,
): { readonly train: Regression; readonly test: Regression } {
  const part = (from: number, to: number): Regression => ({
    x: rowRange(x, from, to),
    y: rowRange(y, from, to),
  });
  return { train: part(0, n), test: part(n, x.rows) };
}

/** Some columns, in this order, copied. */
export function takeColumns(a: Matrix<Float64Array>, columns: readonly number[]): Matrix<Float64Array> {
  const result = zeros(a.rows, columns.length);
  for (let i = 0; i < a.rows; i++)
    columns.forEach((k, at) => (result.data[i * columns.length + at] = a.data[i * a.cols + k]!));
  return result;
}
