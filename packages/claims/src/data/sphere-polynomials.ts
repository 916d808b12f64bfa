/**
 * Polynomials p_0, p_1, … of a coordinate z = ⟨v, x⟩ (‖v‖ = 1) of a uniform point x of √d S^{d−1}, orthonormal for its
 * distribution and positive at √d; at d = Infinity those of a standard normal variable. Made from the density alone (the
 * Stieltjes procedure), and therefore independent of the formulas of `predictions/`. p_k(√d)² is the number of spherical
 * harmonics of degree k, p_k(z)/p_k(√d) the Gegenbauer polynomial.
 */
export interface SpherePolynomials {
  /** p_0(z) … p_degree(z), |z| ≤ √d, in `out` (a new array when absent). */
  at(z: number, out?: Float64Array): Float64Array;
}

/**
 * @param d - at least 2, or Infinity
 * @throws RangeError unless d and degree ≥ 0 are integers
 */
export function spherePolynomials(d: number, degree: number): SpherePolynomials {
  if (!(Number.isInteger(d) || d === Infinity) || d < 2 || !Number.isInteger(degree) || degree < 0)
    throw new RangeError(
      `spherePolynomials: d = ${d}, degree = ${degree}; give whole numbers, 2 or more (or Infinity) and 0 or more`,
    );
  const { nodes, masses } = coordinateMasses(d, degree);
  // z p_k = b_{k+1} p_{k+1} + b_k p_{k−1}: b_{k+1} is the norm of what z p_k adds to lower degrees.
  const norms = [0];
  let before = nodes.map(() => 0);
  let last = nodes.map(() => 1);
  for (let k = 0; k < degree; k++) {
    const next = last.map((value, i) => nodes[i]! * value - norms[k]! * before[i]!);
    const norm = Math.sqrt(next.reduce((sum, value, i) => sum + masses[i]! * value ** 2, 0));
    norms.push(norm);
    before = last;
    last = next.map((value) => value / norm);
  }
  return {
    at(z, values = new Float64Array(degree + 1)) {
      values[0] = 1;
      for (let k = 0; k < degree; k++)
        values[k + 1] = (z * values[k]! - norms[k]! * (k > 0 ? values[k - 1]! : 0)) / norms[k + 1]!;
      return values;
    },
  };
}

/** The distribution of z in a variable s in which it is easy to integrate: z = place(s), with mass density(s) ds, not normalized. */
export interface CoordinateDensity {
  readonly place: (s: number) => number;
  readonly density: (s: number) => number;
  /** Beyond ± end the mass is negligible, also times squared polynomials of the degree. */
  readonly end: number;
}

/**
 * With z = √d tanh s, the density ∝ (1 − z²/d)^{(d−3)/2} of a coordinate on √d S^{d−1} becomes sech^{d−1} s: even, analytic, falling
 * exponentially. At d = Infinity it is a Gaussian of s = z.
 */
export function coordinateDensity(d: number, degree: number): CoordinateDensity {
  // Polynomials grow where the masses vanish: what is cut off must be small for the product.
  const decades = 45 + 2 * degree;
  if (d === Infinity)
    return {
      place: (s) => s,
      density: (s) => Math.exp(-(s ** 2) / 2),
      end: Math.sqrt(2 * Math.LN10 * decades),
    };
  return {
    place: (s) => Math.sqrt(d) * Math.tanh(s),
    density: (s) => Math.cosh(s) ** (1 - d),
    end: Math.acosh(10 ** (decades / (d - 1))),
  };
}

/** Masses on nodes by the trapezoid rule in s, which converges faster than any power of its step here. */
function coordinateMasses(
  d: number,
  degree: number,
): { readonly nodes: Float64Array; readonly masses: Float64Array } {
  const { place, density, end } = coordinateDensity(d, degree);
  const step = d === Infinity ? 0.1 : 0.25 / Math.sqrt(d + 2 * degree);
  const count = Math.ceil(end / step);
  const places = Float64Array.from({ length: 2 * count + 1 }, (_, i) => (i - count) * step);
  const masses = places.map(density);
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  return { nodes: places.map(place), masses: masses.map((mass) => mass / total) };
}
