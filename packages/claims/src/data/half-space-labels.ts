import type { Matrix, Random } from "lineament";
import { gaussianMatrix } from "./gaussian-matrix.ts";

/** Points and labels: n × d, and n × 1. */
export interface LabeledPoints {
  readonly x: Matrix<Float64Array>;
  readonly y: Matrix<Float64Array>;
}

/** n standard normal points in d dimensions, labeled ±1 by the sign of their first coordinate. */
export function halfSpaceLabels(n: number, d: number, generator: Random): LabeledPoints {
  const x = gaussianMatrix(n, d, generator);
  const labels = Float64Array.from({ length: n }, (_, i) => (x.data[i * d]! < 0 ? -1 : 1));
  return { x, y: { data: labels, rows: n, cols: 1 } };
}
