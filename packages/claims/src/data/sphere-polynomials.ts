/**
 * Polynomials p_0, p_1, … of a coordinate z = ⟨v, x⟩ (‖v‖ = 1) of a uniform point x of √d S^{d−1}, orthonormal for its
 * distribution and positive at √d; at d = Infinity those of a standard normal variable. Made from the density alone (the
 * Stieltjes procedure), and therefore independent of the formulas of `predictions/`. p_k(√d)² is the number of spherical
 * harmonics of degree k, p_k(z)/p_k(√d) the Gegenbauer polynomial.
 */
export interface SpherePolynomials {
  /** p_0(z) … p_degree(z), |z| ≤ √d. */
  at(z: number): Float64Array;
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
  const { nodes, masses } = coordinateMeasure(d, degree);
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
    at(z) {
      const values = new Float64Array(degree + 1);
      values[0] = 1;
      for (let k = 0; k < degree; k++)
        values[k + 1] = (z * values[k]! - norms[k]! * (k > 0 ? values[k - 1]! : 0)) / norms[k + 1]!;
      return values;
    },
  };
}

/**
 * The distribution of z as masses on nodes. With z = √d tanh s its density ∝ (1 − z²/d)^{(d−3)/2} becomes sech^{d−1} s, for
 * which the trapezoid rule converges faster than any power of its step; so it does for a Gaussian.
 */
function coordinateMeasure(
  d: number,
  degree: number,
): { readonly nodes: Float64Array; readonly masses: Float64Array } {
  // Polynomials grow where the masses vanish: what is cut off must be small for the product.
  const decades = 45 + 2 * degree;
  const [place, density, end, step] =
    d === Infinity
      ? [(s: number) => s, (s: number) => Math.exp(-(s ** 2) / 2), Math.sqrt(2 * Math.LN10 * decades), 0.1]
      : [
          (s: number) => Math.sqrt(d) * Math.tanh(s),
          (s: number) => Math.cosh(s) ** (1 - d),
          Math.acosh(10 ** (decades / (d - 1))),
          0.25 / Math.sqrt(d + 2 * degree),
        ];
  const count = Math.ceil(end / step);
  const places = Float64Array.from({ length: 2 * count + 1 }, (_, i) => (i - count) * step);
  const masses = places.map(density);
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  return { nodes: places.map(place), masses: masses.map((mass) => mass / total) };
}
