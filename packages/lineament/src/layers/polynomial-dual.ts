import type { Dual } from "./activation.ts";

/** A polynomial φ by t_j(a) = E[φ^(j)(√a ξ)]/√j!, ξ ~ N(0, 1): its Hermite coefficients, without the factor a^(j/2). */
export interface FiniteExpansion {
  readonly degree: number;
  /** t_0(a) … t_degree(a) into `out`. */
  readonly terms: (a: number, out: Float64Array) => void;
}

/** The dual of a polynomial, exact for any variances: κ = Σ_j c^j t_j(a) t_j(b), κ̇ = Σ_j j c^(j−1) t_j(a) t_j(b). */
export function polynomialDual(expansion: FiniteExpansion): Dual {
  const { value, slope } = polynomialCrossDual(expansion, expansion);
  const out = new Float64Array(expansion.degree + 1);
  const term = (a: number, j: number): number => {
    expansion.terms(a, out);
    return out[j] ?? 0;
  };
  return {
    form: "closed",
    value,
    slope,
    variance: (a) => value(a, a, a),
    slopeVariance: (a) => slope(a, a, a),
    mean: (a) => term(a, 0),
    meanSlope: (a) => term(a, 1),
  };
}

/** E[φ(u) ψ(v)] = Σ_j c^j t_j^φ(a) t_j^ψ(b), and its derivative in c. */
export function polynomialCrossDual(
  first: FiniteExpansion,
  second: FiniteExpansion,
): {
  readonly value: (a: number, b: number, c: number) => number;
  readonly slope: (a: number, b: number, c: number) => number;
} {
  const left = new Float64Array(first.degree + 1);
  const right = new Float64Array(second.degree + 1);
  const degree = Math.min(first.degree, second.degree);
  return {
    value(a, b, c) {
      first.terms(a, left);
      second.terms(b, right);
      let sum = 0;
      for (let j = degree; j >= 0; j--) sum = sum * c + left[j]! * right[j]!;
      return sum;
    },
    slope(a, b, c) {
      first.terms(a, left);
      second.terms(b, right);
      let sum = 0;
      for (let j = degree; j >= 1; j--) sum = sum * c + j * left[j]! * right[j]!;
      return sum;
    },
  };
}
