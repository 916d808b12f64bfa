import type { Matrix } from "lineament";
import { distance } from "./distance.ts";

/** max_j ‖A_j − B_j‖_F over two lists of matrices. */
export function largestDistance(
  a: readonly Matrix<Float64Array>[],
  b: readonly Matrix<Float64Array>[],
): number {
  return Math.max(...a.map(({ data }, j) => distance(data, b[j]!.data)));
}
