import type { Matrix, Random } from "lineament";
import { gaussianMatrix } from "./gaussian-matrix.ts";

/**
 * n points uniform on the sphere of the given radius in d dimensions, as rows.
 *
 * @param options - radius: by default √d, where coordinates have variance 1
 */
export function spherePoints(
  n: number,
  d: number,
  generator: Random,
  { radius = Math.sqrt(d) }: { readonly radius?: number } = {},
): Matrix<Float64Array> {
  const points = gaussianMatrix(n, d, generator);
  for (let i = 0; i < n; i++) {
    const row = points.data.subarray(i * d, (i + 1) * d);
    const scale = radius / Math.hypot(...row);
    for (let j = 0; j < d; j++) row[j]! *= scale;
  }
  return points;
}

/** A direction: uniform on the unit sphere in d dimensions. */
export function unitVector(d: number, generator: Random): Float64Array {
  return spherePoints(1, d, generator, { radius: 1 }).data;
}
