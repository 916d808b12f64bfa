import type { Matrix, Random } from "lineament";
import { spherePoints } from "./sphere-points.ts";

/** n points uniform on the part of the unit sphere in d dimensions that has no negative coordinates, as rows. */
export function orthantPoints(n: number, d: number, generator: Random): Matrix<Float64Array> {
  const points = spherePoints(n, d, generator, { radius: 1 });
  points.data.forEach((value, at) => (points.data[at] = Math.abs(value)));
  return points;
}
