import { angle, geometricMean } from "./correlation.ts";
import { gaussLegendre, type QuadratureRule } from "./gauss-legendre.ts";
import { crowding, halfLineRule, standardReach } from "./half-line-rule.ts";

type RealFunction = (x: number) => number;

/**
 * E[f(u) g(v)] for centered Gaussian (u, v) with variances a, b and covariance c, f and g smooth on each half-line.
 *
 * In polar coordinates u = √a r cos ψ, v = √b r cos(ψ − θ) a kink or jump at 0 lies on four rays. They cut the plane into two
 * wedges of angle π − θ, where u and v have one sign, and two of angle θ, where the signs differ; each is a product rule of
 * Gauss–Legendre nodes that crowd at the rays and at r = 0 with growing variance. Nodes (radial × angular, each wedge) and
 * largest error relative to √(E[f(u)²] E[g(v)²]) over tanh, swish, elu, softplus, relu and their slopes, all ρ:
 *
 * | max(a, b) | ≤ 1   | 4     | 25    | 100   | 1e4   | 1e6   |
 * |-----------|-------|-------|-------|-------|-------|-------|
 * | nodes     | 32×24 | 32×24 | 64×48 | 64×48 | 64×48 | 128×96 |
 * | error     | 4e-14 | 5e-12 | 2e-15 | 3e-15 | 1e-12 | ERR6   |
 *
 * A function that varies on the scale 1/k (sin kx) needs what variance k²a would need.
 *
 * @param growth - B when |f|, |g| grow like e^(B|x|)
 */
export function polarExpectation(
  f: RealFunction,
  g: RealFunction,
  a: number,
  b: number,
  c: number,
  growth = 0,
): number {
  const theta = angle(geometricMean(a, b), c);
  const largest = Math.max(a, b);
  const [radii, angles] = largest <= 4 ? [32, 24] : largest <= 1e4 ? [64, 48] : [128, 96];
  const scale = Math.sqrt(largest);
  const p = Math.sqrt(a);
  const q = Math.sqrt(b);
  const radial = halfLineRule(radii, scale, standardReach + growth * (p + q));
  const angular = gaussLegendre(angles);
  const lambda = crowding(scale) / 2;
  return (
    wedge(f, g, p, q, Math.PI - theta, radial, angular, lambda) +
    wedge(f, g, p, -q, theta, radial, angular, lambda)
  );
}

/** The part of the expectation from u = p r sin δ, v = q r sin(ω − δ), 0 < δ < ω, and its mirror image (−u, −v). */
function wedge(
  f: RealFunction,
  g: RealFunction,
  p: number,
  q: number,
  omega: number,
  radial: QuadratureRule,
  angular: QuadratureRule,
  lambda: number,
): number {
  let sum = 0;
  for (let k = 0; k < angular.nodes.length; k++) {
    // δ/ω = (1 + tanh(λt)/tanh(λ))/2, and its counterpart from the other ray, both without cancellation.
    const t = angular.nodes[k]!;
    const cosh = Math.cosh(lambda * t);
    const unit = omega / (2 * Math.sinh(lambda) * cosh);
    const alongU = p * Math.sin(unit * Math.sinh(lambda * (1 + t)));
    const alongV = q * Math.sin(unit * Math.sinh(lambda * (1 - t)));
    const jacobian = (unit * lambda * Math.cosh(lambda)) / cosh;
    let ray = 0;
    for (let i = 0; i < radial.nodes.length; i++) {
      const r = radial.nodes[i]!;
      const u = alongU * r;
      const v = alongV * r;
      ray += radial.weights[i]! * r * (f(u) * g(v) + f(-u) * g(-v));
    }
    sum += angular.weights[k]! * jacobian * ray;
  }
  return sum / Math.sqrt(2 * Math.PI);
}
