/**
 * The exponent of a power law: the least-squares slope of ln y against ln x.
 *
 * @throws RangeError unless there are two places or more, and everything is positive
 */
export function logSlope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [x, y] = [mean(logs.map((point) => point.x)), mean(logs.map((point) => point.y))];
  const spread = logs.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  if (!(spread > 0) || !Number.isFinite(y))
    throw new RangeError(
      `logSlope: (${points.map((point) => `${point.x}, ${point.y}`).join("), (")}); give two places or more, and positive numbers`,
    );
  return logs.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / spread;
}
