/**
 * Tries a function of the user's own.
 * @param whose - for the message, like `custom activation "mine"`
 * @throws RangeError unless it returns finite numbers
 */
export function checkFunction<Point extends readonly number[]>(
  whose: string,
  name: string,
  f: (...point: Point) => number,
  points: readonly Point[],
): void {
  for (const point of points) {
    const result = attempted(() => f(...point));
    if (!Number.isFinite(result))
      throw new RangeError(
        `activation: ${name}(${point.join(", ")}) of the ${whose} is ${String(result)}; it must be a finite number everywhere`,
        { cause: result },
      );
  }
}

/** What a function returns, or what it throws. */
function attempted(f: () => unknown): unknown {
  try {
    return f();
  } catch (error) {
    return error;
  }
}
