import type { Quadrature } from "./gauss-quadrature.ts";
import { checkDimension } from "./harmonic-multiplicity.ts";

/**
 * The midpoint rule in θ of t = cos θ, where t is the first coordinate of a uniform point of the unit sphere in d dimensions. For
 * functions that are smooth in the angle and have a kink at t = ±1 as functions of a position: Laplace kernels, ReLU.
 *
 * @param m - nodes
 * @see claim IN-07
 */
export function angleQuadrature(d: number, m: number): Quadrature {
  checkDimension("angleQuadrature", d);
  const angles = Float64Array.from({ length: m }, (_, i) => (Math.PI * (m - i - 0.5)) / m);
  const masses = angles.map((theta) => Math.sin(theta) ** (d - 2));
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  return { nodes: angles.map(Math.cos), weights: masses.map((mass) => mass / total) };
}
