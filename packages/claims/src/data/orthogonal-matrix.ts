import type { Matrix, Random } from "lineament";
import { gaussianMatrix } from "./gaussian-matrix.ts";

/** A uniformly (Haar) distributed orthogonal d × d matrix: Gram–Schmidt, done twice to rounding, on Gaussian rows. */
export function orthogonalMatrix(d: number, generator: Random): Matrix<Float64Array> {
  const result = gaussianMatrix(d, d, generator);
  const row = (i: number): Float64Array => result.data.subarray(i * d, (i + 1) * d);
  for (let i = 0; i < d; i++) {
    const current = row(i);
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < i; k++) {
        const earlier = row(k);
        const along = earlier.reduce((sum, value, j) => sum + value * current[j]!, 0);
        for (let j = 0; j < d; j++) current[j]! -= along * earlier[j]!;
      }
      const length = Math.hypot(...current);
      for (let j = 0; j < d; j++) current[j]! /= length;
    }
  }
  return result;
}
