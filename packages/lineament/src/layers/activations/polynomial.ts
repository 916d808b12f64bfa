import { polynomialDual, type FiniteExpansion } from "../polynomial-dual.ts";
import type { Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** Σ_k p_k x^k. */
export function polynomial(coefficients: readonly number[]): Nonlinearity {
  const expansion = polynomialExpansion(coefficients);
  return { functions: pointwise(coefficients), dual: polynomialDual(expansion), expansion };
}

/** p₀ = … = p_{k−1} = 0, p_k = 1. */
export function monomialCoefficients(degree: number): readonly number[] {
  return [...Array<number>(degree).fill(0), 1];
}

function pointwise(coefficients: readonly number[]): Pointwise {
  const shifted = coefficients.map((_, k) =>
    Float64Array.from(coefficients.slice(k), (p, m) => p * binomial(k + m, k)),
  );
  /** φ^(k)(x)/k!. */
  const derivative = (x: number, k: number): number => {
    const row = shifted[k];
    if (row === undefined) return 0;
    let sum = 0;
    for (let m = row.length - 1; m >= 0; m--) sum = sum * x + row[m]!;
    return sum;
  };
  return {
    value: (x) => derivative(x, 0),
    slope: (x) => derivative(x, 1),
    curvature: (x) => 2 * derivative(x, 2),
    taylor(x, degree, out) {
      for (let k = 0; k <= degree; k++) out[k] = derivative(x, k);
    },
  };
}

/** t_j(a) = Σ_m p_{j+2m} (j + 2m)!/(2^m m! √j!) a^m. */
export function polynomialExpansion(coefficients: readonly number[]): FiniteExpansion {
  const degree = coefficients.length - 1;
  const rows: Float64Array[] = [];
  let root = 1;
  for (let j = 0; j <= degree; j++) {
    root *= Math.sqrt(Math.max(j, 1));
    const row = new Float64Array(Math.floor((degree - j) / 2) + 1);
    let factor = root;
    for (let m = 0; m < row.length; m++) {
      if (m > 0) factor *= ((j + 2 * m) * (j + 2 * m - 1)) / (2 * m);
      row[m] = coefficients[j + 2 * m]! * factor;
    }
    rows.push(row);
  }
  return {
    degree,
    terms(a, out) {
      for (let j = 0; j <= degree; j++) {
        const row = rows[j]!;
        let sum = 0;
        for (let m = row.length - 1; m >= 0; m--) sum = sum * a + row[m]!;
        out[j] = sum;
      }
    },
  };
}

function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= k; i++) value = (value * (n - k + i)) / i;
  return Math.round(value);
}
