/** A function as Σ_m c_m T_m(x), with its interval mapped to [−1, 1]. */
export interface ChebyshevExpansion {
  /** c_0 … c_degree. */
  readonly coefficients: Float64Array;
  readonly degree: number;
  /** Largest of the last coefficients, relative to the largest of all: the size of what is missing. */
  readonly tail: number;
}

/** The N + 1 points of an interval, ascending, that determine a polynomial of degree N: (low + high)/2 − (high − low)/2 cos(πk/N). */
export function chebyshevPoints([low, high]: readonly [number, number], degree: number): Float64Array {
  const half = (high - low) / 2;
  return Float64Array.from({ length: degree + 1 }, (_, k) =>
    k === degree ? high : low + half * (1 - Math.cos((Math.PI * k) / degree)),
  );
}

/**
 * Chebyshev interpolation of a function with twice as many points until the last three coefficients fall below the tolerance,
 * less what of them is rounding.
 * @param tolerance - relative to the largest coefficient
 */
export function chebyshevExpansion(
  f: (x: number) => number,
  interval: readonly [number, number],
  { tolerance = 1e-12, largestDegree = 256 }: { tolerance?: number; largestDegree?: number } = {},
): ChebyshevExpansion {
  let degree = 8;
  let samples = Array.from(chebyshevPoints(interval, degree), f);
  for (;;) {
    const coefficients = Float64Array.from(
      chebyshevCoefficients(samples.map((y) => Float64Array.of(y))),
      (row) => row[0]!,
    );
    const largest = coefficients.reduce((max, c) => Math.max(max, Math.abs(c)), 0);
    const tail = largest === 0 ? 0 : Math.max(...coefficients.slice(-3).map(Math.abs)) / largest;
    if (tail <= tolerance || degree >= largestDegree) {
      let last = degree;
      while (last > 0 && Math.abs(coefficients[last]!) <= (tolerance / 10) * largest) last--;
      return { coefficients: coefficients.subarray(0, last + 1), degree: last, tail };
    }
    degree *= 2;
    const coarse = samples;
    const points = chebyshevPoints(interval, degree);
    samples = Array.from(points, (x, k) => (k % 2 === 0 ? coarse[k / 2]! : f(x)));
  }
}

/** c_0 … c_N of several functions, from their values at the N + 1 points of `chebyshevPoints`: row k to row m. */
export function chebyshevCoefficients(samples: readonly Float64Array[]): Float64Array[] {
  const n = samples.length - 1;
  const width = samples[0]!.length;
  return samples.map((_, m) => {
    const row = new Float64Array(width);
    for (let k = 0; k <= n; k++) {
      const halves = (k === 0 || k === n ? 0.5 : 1) * (m === 0 || m === n ? 0.5 : 1);
      // The points ascend, so T_m sees π − πk/N.
      const factor = ((2 * halves) / n) * Math.cos((Math.PI * ((m * (n - k)) % (2 * n))) / n);
      const values = samples[k]!;
      for (let i = 0; i < width; i++) row[i] = row[i]! + factor * values[i]!;
    }
    return row;
  });
}

/** Σ_m c_m T_m(x) for x in [−1, 1] by Clenshaw's recurrence. */
export function chebyshevValue(coefficients: Float64Array, x: number): number {
  const twice = 2 * x;
  let next = 0;
  let afterNext = 0;
  for (let m = coefficients.length - 1; m > 0; m--) {
    const value = coefficients[m]! + twice * next - afterNext;
    afterNext = next;
    next = value;
  }
  return coefficients[0]! + x * next - afterNext;
}

/** T_0(x) … T_degree(x) into `out` from `offset` on. */
export function chebyshevPolynomials(x: number, degree: number, out: Float64Array, offset = 0): void {
  out[offset] = 1;
  if (degree > 0) out[offset + 1] = x;
  for (let m = 2; m <= degree; m++) out[offset + m] = 2 * x * out[offset + m - 1]! - out[offset + m - 2]!;
}
