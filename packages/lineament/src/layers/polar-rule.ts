import { angle, geometricMean } from "./correlation.ts";
import { gaussLegendre } from "./gauss-legendre.ts";
import { crowding, halfLineRule, normalExpectation, standardReach } from "./half-line-rule.ts";

type RealFunction = (x: number) => number;

/** Radial and angular nodes of each wedge. */
const sizes = [
  [32, 24],
  [64, 48],
  [128, 96],
  [256, 192],
] as const;

/** E[f(u) g(v)] for centered Gaussian (u, v). */
export interface PolarRule {
  /** For variances a, b and covariance c. */
  readonly expectation: (a: number, b: number, c: number) => number;
  /** For standard deviations p and q and the angle θ. */
  readonly atAngle: (p: number, q: number, theta: number) => number;
  /** By how much twice as many nodes change it at this variance, relative to √(E[f²] E[g²]): 1e-12 at most for f and g as required. */
  readonly error: (variance: number) => number;
  /** How many values of f and g an expectation takes, for two different variances. */
  readonly cost: (variance: number) => number;
}

/**
 * Sectioned polar quadrature for f and g that are smooth on each half-line.
 *
 * In polar coordinates u = √a r cos ψ, v = √b r cos(ψ − θ) a kink or jump at 0 lies on four rays. They cut the plane into two
 * wedges of angle π − θ, where u and v have one sign, and two of angle θ, where the signs differ; each is a product rule of
 * Gauss–Legendre nodes that crowd at the rays and at r = 0 with growing variance. The number of nodes is the first that agrees
 * with twice as many to 1e-12, so it follows from f and g and the larger variance; found once for each power of 2 of it.
 *
 * Largest error relative to √(E[f(u)²] E[g(v)²]) of erf, the normal distribution function, gelu, relu, |x| and of their slopes,
 * which have closed forms, over b = a and b = a/7 and all ρ:
 *
 * | max(a, b)        | ≤ 1   | 2     | 4            | 8 … 100      | 1e4           | 1e6           | 1e8    |
 * |------------------|-------|-------|--------------|--------------|---------------|---------------|--------|
 * | radial × angular | 32×24 | 32×24 | up to 64×48  | up to 64×48  | up to 128×96  | up to 128×96  | 128×96 |
 * | error            | 2e-13 | 9e-12 | 2e-11        | 6e-13        | 4e-13         | 4e-12         | 2e-12  |
 *
 * An entry costs four times that many values of f and g, 3,072 to begin with, and half of it for f = g and a = b. Kinks away from
 * 0 leave errors of 1e-4 or so: see `error`.
 *
 * @param growth - B when |f|, |g| grow like e^(B|x|)
 */
export function polarRule(f: RealFunction, g: RealFunction, growth = 0): PolarRule {
  const known = new Map<number, Sufficient>();
  const sufficient = (variance: number): Sufficient => {
    const octave = Math.max(-4, Math.ceil(Math.log2(variance)));
    const found = known.get(octave) ?? sufficientSize(f, g, 2 ** octave, growth);
    known.set(octave, found);
    return found;
  };
  const atAngle = (p: number, q: number, theta: number): number =>
    productRule(f, g, p, q, theta, sufficient(Math.max(p, q) ** 2).size, growth);
  return {
    expectation: (a, b, c) => atAngle(Math.sqrt(a), Math.sqrt(b), angle(geometricMean(a, b), c)),
    atAngle,
    error: (variance) => sufficient(variance).error,
    cost(variance) {
      const [radii, angles] = sizes[sufficient(variance).size]!;
      return 8 * radii * angles;
    },
  };
}

/** An index into `sizes`, and the difference that the next one makes. */
interface Sufficient {
  readonly size: number;
  readonly error: number;
}

/**
 * The first of `sizes` that agrees with the next one to 1e-12 of √(E[f²] E[g²]) at this variance; the last one if that brings it
 * to 1e-6; otherwise f or g has a kink away from 0, more nodes hardly help, and the second is taken.
 */
function sufficientSize(f: RealFunction, g: RealFunction, variance: number, growth: number): Sufficient {
  const deviation = Math.sqrt(variance);
  const at = (size: number): number[] =>
    [0.1, 1.2, 2.6].map((theta) => productRule(f, g, deviation, deviation, theta, size, growth));
  const norm = Math.sqrt(
    normalExpectation((x) => f(x) ** 2, variance, 2 * growth) *
      normalExpectation((x) => g(x) ** 2, variance, 2 * growth),
  );
  const errors: number[] = [];
  let coarse = at(0);
  for (let size = 0; size + 1 < sizes.length; size++) {
    const fine = at(size + 1);
    const difference = Math.max(...fine.map((value, i) => Math.abs(value - coarse[i]!)));
    const error = difference === 0 ? 0 : difference / norm;
    if (error <= 1e-12) return { size, error };
    errors.push(Number.isNaN(error) ? Infinity : error); // f or g overflows
    coarse = fine;
  }
  const last = errors.at(-1)!;
  return last <= 1e-6 ? { size: errors.length, error: last } : { size: 1, error: errors[1]! };
}

function productRule(
  f: RealFunction,
  g: RealFunction,
  p: number,
  q: number,
  theta: number,
  size: number,
  growth: number,
): number {
  const scale = Math.max(p, q);
  const [radii, angles] = sizes[size]!;
  const radial = halfLineRule(radii, scale, standardReach + 2 * growth * scale);
  const angular = gaussLegendre(angles);
  const lambda = crowding(scale) / 2;
  // Then the nodes beyond the middle of a wedge give what those before it give.
  const symmetric = f === g && p === q;
  const rays = symmetric ? angles / 2 : angles;

  /** u = p r sin δ, v = ±q r sin(ω − δ), 0 < δ < ω, and the mirror image (−u, −v). */
  const wedge = (omega: number, sign: number): number => {
    let total = 0;
    for (let m = 0; m < rays; m++) {
      // δ/ω = (1 + tanh(λt)/tanh(λ))/2, and its counterpart from the other ray, both without cancellation.
      const t = angular.nodes[m]!;
      const cosh = Math.cosh(lambda * t);
      const unit = omega / (2 * Math.sinh(lambda) * cosh);
      const alongU = p * Math.sin(unit * Math.sinh(lambda * (1 + t)));
      const alongV = sign * q * Math.sin(unit * Math.sinh(lambda * (1 - t)));
      const jacobian = (unit * lambda * Math.cosh(lambda)) / cosh;
      let sum = 0;
      for (let i = 0; i < radii; i++) {
        const r = radial.nodes[i]!;
        const [u, v] = [alongU * r, alongV * r];
        sum += radial.weights[i]! * r * (f(u) * g(v) + f(-u) * g(-v));
      }
      total += angular.weights[m]! * jacobian * sum;
    }
    return total / Math.sqrt(2 * Math.PI);
  };
  return (symmetric ? 2 : 1) * (wedge(Math.PI - theta, 1) + wedge(theta, -1));
}
