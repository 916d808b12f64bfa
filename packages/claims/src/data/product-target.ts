import { type Matrix, type Random, zeros } from "lineament";
import { gaussianMatrix } from "./gaussian-matrix.ts";

/** Inputs and targets of a regression problem, one example a row. */
export interface Regression {
  /** n × d. */
  readonly x: Matrix<Float64Array>;
  /** n × 1. */
  readonly y: Matrix<Float64Array>;
}

/** Targets y = f(x), one for each row of x. */
export function targetsOf(x: Matrix<Float64Array>, f: (row: Float64Array) => number): Matrix<Float64Array> {
  const y = zeros(x.rows, 1);
  for (let i = 0; i < x.rows; i++) y.data[i] = f(x.data.subarray(i * x.cols, (i + 1) * x.cols));
  return y;
}

/** x ~ N(0, I_d) and y = x_0 x_1 without noise: two of d directions matter, and no linear function says anything about y. */
export function productTarget(n: number, d: number, generator: Random): Regression {
  const x = gaussianMatrix(n, d, generator);
  return { x, y: targetsOf(x, ([first, second]) => first! * second!) };
}
