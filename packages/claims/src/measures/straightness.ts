import { mean } from "./statistics.ts";

/**
 * R² of the least-squares line through points: the part of the variance of y that x explains. 1 on a line; 0 where no slope
 * helps, and where y does not vary.
 *
 * @throws RangeError unless there are two places or more, and everything is finite
 */
export function straightness(points: readonly { readonly x: number; readonly y: number }[]): number {
  const [x, y] = [mean(points.map((point) => point.x)), mean(points.map((point) => point.y))];
  let [xx, xy, yy] = [0, 0, 0];
  for (const point of points) {
    xx += (point.x - x) ** 2;
    xy += (point.x - x) * (point.y - y);
    yy += (point.y - y) ** 2;
  }
  if (!(xx > 0) || !Number.isFinite(xx + yy))
    throw new RangeError(
      `straightness: ${points.length} points, x around ${x}, y around ${y}; give two places or more, and finite numbers`,
    );
  return yy > 0 ? xy ** 2 / (xx * yy) : 0;
}
