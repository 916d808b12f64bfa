import { angle, clip, complement, geometricMean } from "../correlation.ts";
import { piecewiseLinear } from "./piecewise-linear.ts";
import type { Dual, Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** x^k for x > 0, 0 elsewhere; k = 0, 1, 2 or 3. */
export function rectifiedMonomial(degree: number): Nonlinearity {
  if (degree === 1) return piecewiseLinear(0, 1);
  return { functions: pointwise(degree), dual: degree === 0 ? stepDual : dual(degree) };
}

function pointwise(n: number): Pointwise {
  return {
    value: (x) => (x > 0 ? x ** n : 0),
    slope: (x) => (x > 0 && n > 0 ? n * x ** (n - 1) : 0),
    curvature: (x) => (x > 0 && n > 1 ? n * (n - 1) * x ** (n - 2) : 0),
    taylor(x, degree, out) {
      out.fill(0, 0, degree + 1);
      if (!(x > 0)) return;
      let binomial = 1;
      for (let k = 0; k <= Math.min(n, degree); k++) {
        out[k] = binomial * x ** (n - k);
        binomial *= (n - k) / (k + 1);
      }
    },
  };
}

const stepDual: Dual = {
  form: "closed",
  value: (a, b, c) => arcCosine(0, geometricMean(a, b), c),
  slope: () => 0,
  variance: (a) => (a > 0 ? 0.5 : 0),
  slopeVariance: () => 0,
  mean: (a) => (a > 0 ? 0.5 : 0),
  meanSlope: () => 0,
};

/** Degrees 2 and 3. */
function dual(n: number): Dual {
  return {
    form: "closed",
    value: (a, b, c) => arcCosine(n, geometricMean(a, b), c),
    slope: (a, b, c) => n * n * arcCosine(n - 1, geometricMean(a, b), c),
    variance: (a) => diagonal(n, a),
    slopeVariance: (a) => n * n * diagonal(n - 1, a),
    mean: (a) => mean(n, a),
    meanSlope: (a) => n * mean(n - 1, a),
  };
}

/**
 * E[u₊^n v₊^n] = r^n J_n(θ)/(2π), r = √(ab).
 * @see Cho and Saul, Kernel methods for deep learning, NIPS 2009
 */
function arcCosine(n: number, r: number, c: number): number {
  if (r === 0) return 0;
  const inside = clip(c, r);
  const s = complement(r, inside);
  const outer = Math.PI - angle(r, inside);
  const perTurn = 1 / (2 * Math.PI);
  switch (n) {
    case 0:
      return perTurn * outer;
    case 1:
      return perTurn * (s + outer * inside);
    case 2:
      return perTurn * (3 * s * inside + outer * (r * r + 2 * inside * inside));
    default:
      return perTurn * (s * (15 * r * r - 11 * s * s) + outer * inside * (9 * r * r + 6 * inside * inside));
  }
}

/** E[u₊^(2n)] = (2n − 1)!!/2 a^n. */
function diagonal(n: number, a: number): number {
  return ([1, 1, 3, 15][n]! / 2) * a ** n;
}

/** E[u₊^n]. */
function mean(n: number, a: number): number {
  const root = Math.sqrt(a / (2 * Math.PI));
  return n === 1 ? root : n === 2 ? a / 2 : 2 * a * root;
}
