/** A place of a log-log drawing. */
interface Place {
  readonly x: number;
  readonly y: number;
}

/**
 * The power law y = c x^exponent through the middle of positive points: the exponent is given, only c is fitted (least squares in
 * logarithms). One place for each point.
 */
export function powerLawThrough(points: readonly Place[], exponent: number): Place[] {
  const level =
    points.reduce((sum, { x, y }) => sum + Math.log(y) - exponent * Math.log(x), 0) / points.length;
  return points.map(({ x }) => ({ x, y: Math.exp(level) * x ** exponent }));
}
