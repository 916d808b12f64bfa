/** Mean and spread of numbers, in a form that joins with that of other numbers. */
export interface Moments {
  readonly count: number;
  readonly least: number;
  readonly most: number;
  /** What mean and squares are counted in: 1, but for numbers whose squares would overflow or vanish. */
  readonly unit: number;
  readonly mean: number;
  /** Σ (value − mean)² */
  readonly squares: number;
}

/**
 * The moments of the values that are not NaN.
 *
 * @param counts - how often each value occurs; once each when absent
 */
export function momentsOf(values: ArrayLike<number>, counts?: ArrayLike<number>): Moments {
  let [least, most, count] = [Infinity, -Infinity, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
    count += counts?.[i] ?? 1;
  }
  const unit = unitOf(least, most);
  let [mean, squares] = [0, 0];
  for (let i = 0; i < values.length; i++)
    if (!Number.isNaN(values[i]!)) mean += ((counts?.[i] ?? 1) * values[i]!) / unit / count;
  for (let i = 0; i < values.length; i++)
    if (!Number.isNaN(values[i]!)) squares += (counts?.[i] ?? 1) * (values[i]! / unit - mean) ** 2;
  return { count, least, most, unit, mean, squares };
}

/** The moments of the numbers of both (Chan, Golub and LeVeque). */
export function joinMoments(a: Moments, b: Moments): Moments {
  if (a.count === 0 || b.count === 0) return a.count === 0 ? b : a;
  const least = Math.min(a.least, b.least);
  const most = Math.max(a.most, b.most);
  const unit = unitOf(least, most);
  const count = a.count + b.count;
  // Zeros alone have unit 1, which may be out of all proportion.
  const [ua, ub] = [a, b].map((part) => (part.least === 0 && part.most === 0 ? 0 : part.unit / unit)) as [
    number,
    number,
  ];
  const apart = b.mean * ub - a.mean * ua;
  return {
    count,
    least,
    most,
    unit,
    mean: a.mean * ua + (apart * b.count) / count,
    squares: a.squares * ua * ua + b.squares * ub * ub + apart * apart * ((a.count * b.count) / count),
  };
}

/** Mean, and √(mean of squares + ε); undefined when all values are the same. */
export function meanAndScale({
  count,
  least,
  most,
  unit,
  mean,
  squares,
}: Moments): { readonly mean: number; readonly scale: number } | undefined {
  if (count === 0 || least === most) return undefined;
  const largestSquare = Math.max((least / unit - mean) ** 2, (most / unit - mean) ** 2);
  const scale = Math.sqrt(squares / count + 1e-8 * Math.min(1, largestSquare)) * unit;
  return { mean: mean * unit + 0, scale: Math.max(scale, Number.MIN_VALUE) };
}

function unitOf(least: number, most: number): number {
  const largest = Math.max(Math.abs(least), Math.abs(most));
  return largest > 1e100 || (largest < 1e-100 && largest > 0) ? largest : 1;
}
