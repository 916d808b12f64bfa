import type { Random } from "lineament";
import { gaussianMatrix } from "./gaussian-matrix.ts";
import type { LabeledPoints } from "./half-space-labels.ts";

/**
 * n points in a preferred direction on the sphere of radius √d (normal numbers + shift, normalized) with labels
 * 1 + 0.3 sin(3 x_0). Without a shift they have either sign equally often, and gradients of odd functions cancel in the mean.
 */
export function wavyLabels(n: number, d: number, shift: number, generator: Random): LabeledPoints {
  const x = gaussianMatrix(n, d, generator);
  const labels = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = x.data.subarray(i * d, (i + 1) * d);
    for (let j = 0; j < d; j++) row[j]! += shift;
    const scale = Math.sqrt(d) / Math.hypot(...row);
    for (let j = 0; j < d; j++) row[j]! *= scale;
    labels[i] = 1 + 0.3 * Math.sin(3 * row[0]!);
  }
  return { x, y: { data: labels, rows: n, cols: 1 } };
}
