/**
 * The dual φ̌ of an activation with E φ² = 1: what a layer of infinite width makes of the correlation ξ of two inputs of variance 1.
 * Near ξ = 1 it is followed by the gap u = 1 − ξ.
 */
export interface DualMap {
  /** φ̌(0) = (E φ)². */
  readonly atZero: number;
  /** a = φ̌′(0) = (E φ′)². */
  readonly slopeAtZero: number;
  /** b = φ̌′(1) = E φ′². */
  readonly slopeAtOne: number;
  /** φ̌(ξ). */
  readonly value: (correlation: number) => number;
  /** 1 − φ̌(1 − u), without cancellation. */
  readonly gap: (gap: number) => number;
  /** φ̌′(1 − u). */
  readonly slope: (gap: number) => number;
  /** φ̌(ξ)/ξ where φ̌(0) = 0. */
  readonly growth: (correlation: number) => number;
}

/**
 * φ̌(ξ) = Σ_k p_k ξ^k with p_k the squares of normalized Hermite coefficients: u′ = −Σ_k p_k expm1(k log1p(−u)).
 *
 * @param powers - p₀, p₁, …, of sum 1
 * @see claim IN-14
 */
export function polynomialMap(powers: readonly number[]): DualMap {
  const present = powers.flatMap((p, k) => (p === 0 ? [] : [{ p, k }]));
  const sum = (term: (p: number, k: number) => number): number => {
    let total = 0;
    for (const { p, k } of present) total += term(p, k);
    return total;
  };
  return {
    atZero: powers[0] ?? 0,
    slopeAtZero: powers[1] ?? 0,
    slopeAtOne: sum((p, k) => k * p),
    value: (xi) => sum((p, k) => p * xi ** k),
    // log1p(−u) is undefined for ξ < 0, where there is nothing to cancel.
    gap: (u) =>
      u < 0.5 ? -sum((p, k) => p * Math.expm1(k * Math.log1p(-u))) : 1 - sum((p, k) => p * (1 - u) ** k),
    slope: (u) => sum((p, k) => (k === 0 ? 0 : p * k * (1 - u) ** (k - 1))),
    growth: (xi) => sum((p, k) => (k === 0 ? 0 : p * xi ** (k - 1))),
  };
}

/** φ = erf normalized: φ̌(ξ) = arcsin(2ξ/3)/arcsin(2/3). @see Williams 1996; claim IN-14 */
export const erfMap: DualMap = (() => {
  const c = 2 / 3;
  const arc = Math.asin(c);
  const root = Math.sqrt(1 - c * c);
  const value = (xi: number): number => Math.asin(c * xi) / arc;
  return {
    atZero: 0,
    slopeAtZero: c / arc,
    slopeAtOne: c / (arc * root),
    value,
    gap(u) {
      const inner = Math.sqrt(1 - (c * (1 - u)) ** 2);
      return u < 0.5
        ? Math.asin(c * ((c * c * (2 * u - u * u)) / (inner + root) + u * root)) / arc
        : 1 - value(1 - u);
    },
    slope: (u) => c / (arc * Math.sqrt(1 - (c * (1 - u)) ** 2)),
    growth: (xi) => (xi === 0 ? c / arc : value(xi) / xi),
  };
})();

/** φ = √(e^s/sinh s) sin(√s x): φ̌(ξ) = sinh(sξ)/sinh s. @see claim IN-19 */
export function sineMap(s: number): DualMap {
  const whole = Math.sinh(s);
  return {
    atZero: 0,
    slopeAtZero: s / whole,
    slopeAtOne: s / Math.tanh(s),
    value: (xi) => Math.sinh(s * xi) / whole,
    gap: (u) => (2 * Math.cosh(s * (1 - u / 2)) * Math.sinh((s * u) / 2)) / whole,
    slope: (u) => (s * Math.cosh(s * (1 - u))) / whole,
    growth: (xi) => (xi === 0 ? s / whole : Math.sinh(s * xi) / (xi * whole)),
  };
}

/**
 * φ = √2 max(x, 0), u = 1 − cos θ: πu′ = π(1 − cos θ) − sin θ + θ cos θ, by its series for small angles.
 *
 * @see Cho & Saul 2009; claim IN-14
 */
export const reluMap: DualMap = {
  atZero: 1 / Math.PI,
  slopeAtZero: 1 / 2,
  slopeAtOne: 1,
  value: (xi) => (xi * (Math.PI - Math.acos(xi)) + Math.sqrt((1 - xi) * (1 + xi))) / Math.PI,
  gap(u) {
    const theta = arc(u);
    if (theta < 1e-2)
      return 2 * Math.sin(theta / 2) ** 2 - (theta ** 3 / 3 - theta ** 5 / 30 + theta ** 7 / 840) / Math.PI;
    return 1 - Math.cos(theta) - (Math.sin(theta) - theta * Math.cos(theta)) / Math.PI;
  },
  slope: (u) => 1 - arc(u) / Math.PI,
  growth: (xi) => reluMap.value(xi) / xi,
};

function arc(u: number): number {
  return 2 * Math.asin(Math.sqrt(u / 2));
}
