import type { ActivationChoice } from "./activation.ts";
import { checkVariances } from "./correlation.ts";
import { halfLineRule } from "./half-line-rule.ts";
import { nonlinearity } from "./nonlinearity.ts";
import { barelyPositive } from "./polar-dual.ts";
import { activationFunctions } from "./pointwise.ts";

/** Coefficients of f(√a ξ), ξ ~ N(0, 1), in the orthonormal Hermite polynomials He_j/√j!, for many variances a. */
export interface HermiteCoefficients {
  /** J: the number of coefficients of each variance. */
  readonly terms: number;
  /** h_j(a_i) = E[f(√a_i ξ) He_j(ξ)]/√j!: n × J, row-major. */
  readonly coefficients: Float64Array;
  /** R(a_i) = E[f(√a_i ξ)²] − Σ_{j<J} h_j(a_i)²: what the coefficients leave out, by integration of the squared rest. */
  readonly remainders: Float64Array;
}

/** The Hermite coefficients of an activation and of its slope. */
export interface HermiteExpansion {
  readonly value: HermiteCoefficients;
  readonly slope: HermiteCoefficients;
}

/**
 * Hermite coefficients of φ and φ′, so that κ = Σ_j ρ^j h_j(a) h_j(b) and κ̇ = Σ_j ρ^j g_j(a) g_j(b), ρ = c/√(ab). By one
 * half-line Gauss–Legendre rule for all variances, to about 1e-15 √E[φ²] each.
 *
 * Terms that leave out 1e-10 of κ at variance 1 and ρ = 0.99: tanh 64, gelu 29, swish 23, elu 388; steeper or larger variances
 * need more.
 *
 * @param variances - n of them
 * @throws RangeError for terms that are no positive integer, or variances that are negative or not finite
 */
export function hermiteExpansion(
  activation: ActivationChoice,
  variances: ArrayLike<number>,
  { terms = 64 }: { readonly terms?: number } = {},
): HermiteExpansion {
  if (!Number.isInteger(terms) || terms < 1)
    throw new RangeError(`hermiteExpansion: terms is ${terms}, expected a positive integer`);
  checkVariances("hermiteExpansion", "variances", variances);
  const { value, slope } = activationFunctions(activation);
  const growth = nonlinearity(activation).growth ?? 0;
  return {
    value: coefficientsOf(value, Float64Array.from(variances), terms, growth),
    // As if 0 were barely positive: a kink then has the mean of its slopes, as everywhere (θ = π/2).
    slope: coefficientsOf(
      slope,
      Float64Array.from(variances, (a) => Math.max(a, barelyPositive)),
      terms,
      growth,
    ),
  };
}

function coefficientsOf(
  f: (x: number) => number,
  variances: Float64Array,
  terms: number,
  growth: number,
): HermiteCoefficients {
  const largest = Math.sqrt(variances.reduce((max, a) => Math.max(max, a), 0));
  // Hermite functions of degree j die out beyond their turning point 2√j.
  const reach = Math.max(16, 2 * Math.sqrt(terms) + 8) + growth * largest;
  const { nodes, weights } = halfLineRule(256 + terms, largest, reach);
  const roots = weights.map(Math.sqrt);
  const basis = hermiteFunctions(nodes, roots, terms);
  const coefficients = new Float64Array(variances.length * terms);
  // f(√a x) + f(−√a x) and their difference, times the root of the weight; then what the series leaves of them.
  const even = new Float64Array(nodes.length);
  const odd = new Float64Array(nodes.length);
  const remainders = variances.map((a, i) => {
    const scale = Math.sqrt(a);
    for (let m = 0; m < nodes.length; m++) {
      const right = f(scale * nodes[m]!);
      const left = f(-scale * nodes[m]!);
      even[m] = roots[m]! * (right + left);
      odd[m] = roots[m]! * (right - left);
    }
    for (let j = 0; j < terms; j++)
      coefficients[i * terms + j] = product(basis, j * nodes.length, j % 2 === 0 ? even : odd);
    for (let j = 0; j < terms; j++)
      subtract(2 * coefficients[i * terms + j]!, basis, j * nodes.length, j % 2 === 0 ? even : odd);
    let rest = 0;
    for (let m = 0; m < nodes.length; m++) rest += (even[m]! ** 2 + odd[m]! ** 2) / 2;
    return rest;
  });
  return { terms, coefficients, remainders };
}

/** Σ_m rows[from + m] x_m. */
function product(rows: Float64Array, from: number, x: Float64Array): number {
  let sum = 0;
  for (let m = 0; m < x.length; m++) sum += rows[from + m]! * x[m]!;
  return sum;
}

/** x ← x − factor · rows[from …]. */
function subtract(factor: number, rows: Float64Array, from: number, x: Float64Array): void {
  for (let m = 0; m < x.length; m++) x[m] = x[m]! - factor * rows[from + m]!;
}

/** √w_m He_j(x_m)/√j!, J × nodes, by ξ h_j = √(j + 1) h_{j+1} + √j h_{j−1}: bounded, thanks to the weight. */
function hermiteFunctions(nodes: Float64Array, roots: Float64Array, terms: number): Float64Array {
  const n = nodes.length;
  const basis = new Float64Array(terms * n);
  basis.set(roots);
  for (let j = 0; j + 1 < terms; j++) {
    const up = 1 / Math.sqrt(j + 1);
    const down = Math.sqrt(j);
    for (let m = 0; m < n; m++) {
      const before = j === 0 ? 0 : basis[(j - 1) * n + m]!;
      basis[(j + 1) * n + m] = up * (nodes[m]! * basis[j * n + m]! - down * before);
    }
  }
  return basis;
}

/**
 * Σ_{j<count} ρ^j h_j(a_i) h_j(b_k), row i of `left` with row k of `right`. What is left out is at most
 * `hermiteBound`.
 */
export function hermiteSeries(
  left: HermiteCoefficients,
  i: number,
  right: HermiteCoefficients,
  k: number,
  rho: number,
  count: number = Math.min(left.terms, right.terms),
): number {
  const from = i * left.terms;
  const to = k * right.terms;
  const square = rho * rho;
  // Horner in ρ² for even and odd terms at once: two short chains of operations instead of a long one.
  let even = 0;
  let odd = 0;
  for (let j = count % 2 === 0 ? count - 2 : count - 1; j >= 0; j -= 2) {
    even = even * square + left.coefficients[from + j]! * right.coefficients[to + j]!;
    odd =
      odd * square + (j + 1 < count ? left.coefficients[from + j + 1]! * right.coefficients[to + j + 1]! : 0);
  }
  return even + rho * odd;
}

/** |ρ|^J √(R(a_i) R(b_k)), the largest error of the series of all J terms. */
export function hermiteBound(
  left: HermiteCoefficients,
  i: number,
  right: HermiteCoefficients,
  k: number,
  rho: number,
): number {
  const terms = Math.min(left.terms, right.terms);
  return Math.abs(rho) ** terms * Math.sqrt(left.remainders[i]! * right.remainders[k]!);
}
