/** The mean of some numbers. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** exp of the mean logarithm of positive numbers. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(mean(values.map(Math.log)));
}

/** The number in the middle, or the mean of the two in the middle. */
export function median(values: ArrayLike<number>): number {
  const sorted = Array.from(values).sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}

/** √ of the mean square. */
export function rootMeanSquare(values: ArrayLike<number>): number {
  return Math.hypot(...Array.from(values)) / Math.sqrt(values.length);
}

/** The standard deviation of some numbers about their mean, with n − 1; 0 for one number. */
export function standardDeviation(values: ArrayLike<number>): number {
  if (values.length < 2) return 0;
  const center = mean(values);
  const squares = Array.from(values, (value) => (value - center) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / (values.length - 1));
}
