/** He_k(x)/√k!, k = 1, 2, 3, 7. */
const h1 = (x: number): number => x;
const h2 = (x: number): number => (x * x - 1) / Math.SQRT2;
const h3 = (x: number): number => (x ** 3 - 3 * x) / Math.sqrt(6);
const h7 = (x: number): number => (x ** 7 - 21 * x ** 5 + 105 * x ** 3 - 105 * x) / Math.sqrt(5040);

/**
 * An activation whose deep limit is the Hilbert kernel of exponent d, which classifies consistently on a d-dimensional manifold:
 * (h₁ + h₇)/√2 for d = 1, 2^(−d/4) h₁ + √(1 − 2^(1−d/2)) h₂ + 2^(−d/4) h₃ for d ≥ 2.
 *
 * @throws RangeError unless d is 1 or at least 2
 * @see Radhakrishnan, Belkin & Uhler, arXiv:2204.14126; claim IN-19
 */
export function optimalActivation(d: number): (x: number) => number {
  const powers = optimalPowers(d);
  const c = powers.map(Math.sqrt);
  return d === 1
    ? (x) => c[1]! * h1(x) + c[7]! * h7(x)
    : (x) => c[1]! * h1(x) + c[2]! * h2(x) + c[3]! * h3(x);
}

/** p_k of its dual Σ_k p_k ξ^k. */
export function optimalPowers(d: number): readonly number[] {
  if (d === 1) return [0, 0.5, 0, 0, 0, 0, 0, 0.5];
  if (!(d >= 2)) throw new RangeError(`optimalPowers: d = ${d}; give 1, or 2 or more`);
  const outer = 2 ** (-d / 2);
  return [0, outer, 1 - 2 * outer, outer];
}

/**
 * s of the activation √(e^s/sinh s) sin(√s x) with exponent d > 1: 2 ln(sinh s/s) = d ln(s coth s).
 *
 * @throws RangeError unless d > 1, which exponents of sines exceed
 */
export function optimalSine(d: number): number {
  if (!(d > 1)) throw new RangeError(`optimalSine: d = ${d}; sines have exponents above 1`);
  const excess = (s: number): number => 2 * Math.log(Math.sinh(s) / s) - d * Math.log(s / Math.tanh(s));
  let [low, high] = [1e-3, 1];
  while (excess(high) < 0) high *= 2;
  while (high - low > 1e-15 * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (excess(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** √(e^s/sinh s) sin(√s x). */
export function sineActivation(s: number): (x: number) => number {
  const amplitude = Math.sqrt(Math.exp(s) / Math.sinh(s));
  return (x) => amplitude * Math.sin(Math.sqrt(s) * x);
}
