import { coordinateDensity, spherePolynomials } from "../data/index.ts";

/**
 * ‖P_k f‖² = E[g(z) p_k(z)]² for k = 0 … degree by brute numerical integration: f(x) = g(⟨v, x⟩) on √d S^{d−1} (at d = Infinity,
 * of a normal variable), g smooth but for a kink or jump at 0. Uses no formula but the density.
 */
export function zonalEnergies(g: (z: number) => number, d: number, degree: number): number[] {
  const polynomials = spherePolynomials(d, degree);
  const { place, density, end } = coordinateDensity(d, degree);
  const projections = new Float64Array(degree + 1);
  const values = new Float64Array(degree + 1);
  let total = 0;
  for (const { s, weight } of doubleExponentialRule(end)) {
    const mass = weight * density(s);
    total += 2 * mass;
    for (const z of [place(s), -place(s)]) {
      const part = mass * g(z);
      polynomials.at(z, values).forEach((p, k) => {
        projections[k]! += part * p;
      });
    }
  }
  return Array.from(projections, (projection) => (projection / total) ** 2);
}

/**
 * Places and weights of the double-exponential (tanh-sinh) rule on (0, end): exact to rounding for functions that are analytic
 * inside, whatever they do at the ends.
 *
 * @see Takahasi & Mori 1974
 */
function doubleExponentialRule(
  end: number,
  step = 1 / 512,
): { readonly s: number; readonly weight: number }[] {
  const count = Math.ceil(3.6 / step);
  return Array.from({ length: 2 * count + 1 }, (_, i) => {
    const k = (i - count) * step;
    const u = (Math.PI / 2) * Math.sinh(k);
    return {
      // end (1 + tanh u)/2 without cancellation near 0.
      s: end / (1 + Math.exp(-2 * u)),
      weight: (end * step * (Math.PI / 4) * Math.cosh(k)) / Math.cosh(u) ** 2,
    };
  });
}
