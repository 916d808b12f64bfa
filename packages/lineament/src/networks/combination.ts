import { type Matrix, zeros } from "../linalg/index.ts";
import type { Workspace } from "./workspace.ts";

/** a + factor · b, in a matrix of its own. */
export function combination(
  a: Matrix<Float64Array>,
  factor: number,
  b: Matrix<Float64Array>,
  room?: Workspace,
): Matrix<Float64Array> {
  const result = room ? room.take(a.rows, a.cols) : zeros(a.rows, a.cols);
  for (let at = 0; at < result.data.length; at++) result.data[at] = a.data[at]! + factor * b.data[at]!;
  return result;
}
