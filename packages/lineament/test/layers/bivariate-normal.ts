import { normalCdf, normalDensity } from "../../src/layers/error-function.ts";
import { gaussLegendre } from "../../src/layers/gauss-legendre.ts";

/** Φ₂(h, k; ρ) = Φ(h) Φ(k) + ∫₀^asin ρ exp(−(h² + k² − 2hk sin t)/(2 cos² t)) dt/(2π) (Plackett). For |ρ| ≤ 0.95. */
function bivariateNormalCdf(h: number, k: number, rho: number): number {
  const end = Math.asin(rho);
  const { nodes, weights } = gaussLegendre(200);
  const integral = nodes.reduce((sum, node, i) => {
    const t = (end / 2) * (1 + node);
    return sum + weights[i]! * Math.exp(-(h * h + k * k - 2 * h * k * Math.sin(t)) / (2 * Math.cos(t) ** 2));
  }, 0);
  return normalCdf(h) * normalCdf(k) + ((end / 2) * integral) / (2 * Math.PI);
}

/** κ and κ̇ of elu in closed form: an oracle for quadrature. */
export function eluDual(
  alpha: number,
  a: number,
  b: number,
  c: number,
): { readonly value: number; readonly slope: number } {
  const rho = c / Math.sqrt(a * b);
  const theta = Math.acos(rho);
  /** E[e^(su + tv); u < 0, v < 0]. */
  const both = (s: number, t: number): number =>
    Math.exp((a * s * s + 2 * c * s * t + b * t * t) / 2) *
    bivariateNormalCdf(-(a * s + c * t) / Math.sqrt(a), -(c * s + b * t) / Math.sqrt(b), rho);
  /** P_t and U_t: probability of, and mean of u over, u > 0 > v under the tilt e^(tv). */
  const mixed = (t: number, varU: number, varV: number): readonly [number, number] => {
    const mu = c * t;
    const nu = varV * t;
    const p =
      normalCdf(-nu / Math.sqrt(varV)) -
      bivariateNormalCdf(-mu / Math.sqrt(varU), -nu / Math.sqrt(varV), rho);
    const u =
      mu * p +
      Math.sqrt(varU) *
        normalDensity(mu / Math.sqrt(varU)) *
        normalCdf(-(nu - (c * mu) / varU) / Math.sqrt(varV - (c * c) / varU)) -
      (c / Math.sqrt(varV)) *
        normalDensity(nu / Math.sqrt(varV)) *
        normalCdf((mu - (c * nu) / varV) / Math.sqrt(varU - (c * c) / varV));
    return [p, u];
  };
  const [p1, u1] = mixed(1, a, b);
  const [, u0] = mixed(0, a, b);
  const [q1, w1] = mixed(1, b, a);
  const [, w0] = mixed(0, b, a);
  const relu = (Math.sqrt(a * b) * (Math.sin(theta) + (Math.PI - theta) * rho)) / (2 * Math.PI);
  return {
    value:
      relu +
      alpha * (Math.exp(b / 2) * u1 - u0) +
      alpha * (Math.exp(a / 2) * w1 - w0) +
      alpha * alpha * (both(1, 1) - both(1, 0) - both(0, 1) + both(0, 0)),
    slope:
      (Math.PI - theta) / (2 * Math.PI) +
      alpha * Math.exp(b / 2) * p1 +
      alpha * Math.exp(a / 2) * q1 +
      alpha * alpha * both(1, 1),
  };
}
