/**
 * Polynomials p_0, p_1, … of the first coordinate t of a uniform point of the unit sphere in d dimensions, orthonormal for its
 * distribution and positive at 1, in degrees 0 … degree. Made from the density alone (the Stieltjes procedure), and therefore
 * independent of the formulas of `predictions/`; p_k(1)² is the number of harmonics of degree k.
 */
export interface SpherePolynomials {
  /** p_0(t) … p_degree(t). */
  at(t: number): Float64Array;
}

/** @throws RangeError unless d ≥ 2 and degree ≥ 0 are integers */
export function spherePolynomials(d: number, degree: number): SpherePolynomials {
  if (!Number.isInteger(d) || d < 2 || !Number.isInteger(degree) || degree < 0)
    throw new RangeError(
      `spherePolynomials: d = ${d}, degree = ${degree}; give whole numbers, 2 or more and 0 or more`,
    );
  const { nodes, masses } = firstCoordinate(d, degree);
  // t p_k = b_{k+1} p_{k+1} + b_k p_{k−1}: b_{k+1} is the norm of what t p_k adds to lower degrees.
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
    at(t) {
      const values = new Float64Array(degree + 1);
      values[0] = 1;
      for (let k = 0; k < degree; k++)
        values[k + 1] = (t * values[k]! - norms[k]! * (k > 0 ? values[k - 1]! : 0)) / norms[k + 1]!;
      return values;
    },
  };
}

/**
 * The density ∝ (1 − t²)^{(d−3)/2} as masses on nodes. With t = tanh s it is ∝ sech^{d−1} s ds, for which the trapezoid rule
 * converges faster than any power of its step.
 */
function firstCoordinate(
  d: number,
  degree: number,
): { readonly nodes: Float64Array; readonly masses: Float64Array } {
  const step = 0.25 / Math.sqrt(d + 2 * degree);
  const count = Math.ceil((40 / (d - 1) + 10 / Math.sqrt(d)) / step);
  const places = Float64Array.from({ length: 2 * count + 1 }, (_, i) => (i - count) * step);
  const masses = places.map((s) => Math.cosh(s) ** (1 - d));
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  return { nodes: places.map(Math.tanh), masses: masses.map((mass) => mass / total) };
}
