import { gaussLegendre, type QuadratureRule } from "./gauss-legendre.ts";

/** Beyond 12 standard deviations the normal density is below 1e-31. */
export const standardReach = 12;

/**
 * Nodes x > 0 and weights with Σ w f(x) ≈ ∫₀^∞ f(x) e^(−x²/2)/√(2π) dx, for f that vary on scales from 1/`scale` to 1:
 * Gauss–Legendre in t with x = R sinh(μt)/sinh(μ), so that nodes crowd at 0 where φ(√a x) bends.
 *
 * @param n - nodes
 * @param scale - √a, the factor of x inside φ
 * @param reach - R
 */
export function halfLineRule(n: number, scale: number, reach = standardReach): QuadratureRule {
  const { nodes, weights } = gaussLegendre(n);
  const mu = crowding(scale);
  const unit = reach / Math.sinh(mu);
  const points = new Float64Array(n);
  const measure = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const t = (1 + nodes[i]!) / 2;
    const x = unit * Math.sinh(mu * t);
    const jacobian = unit * mu * Math.cosh(mu * t);
    points[i] = x;
    measure[i] = (weights[i]! / 2) * jacobian * (Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI));
  }
  return { nodes: points, weights: measure };
}

/** μ: how strongly nodes crowd where φ(√a x) bends, found by experiment; the errors are in `polarRule`. */
export function crowding(scale: number): number {
  return Math.log1p(6 * Math.min(Math.max(scale, 1e-2), 1e4));
}

/**
 * E[f(√a ξ)], ξ ~ N(0, 1), for f smooth on each half-line.
 * @param growth - B when |f| grows like e^(B|x|)
 */
export function normalExpectation(f: (x: number) => number, a: number, growth = 0): number {
  if (a === 0) return f(0);
  const scale = Math.sqrt(a);
  const { nodes, weights } = halfLineRule(256, scale, standardReach + growth * scale);
  let sum = 0;
  for (let i = 0; i < nodes.length; i++) {
    const x = scale * nodes[i]!;
    sum += weights[i]! * (f(x) + f(-x));
  }
  return sum;
}
