import { angle, clip, complement, geometricMean } from "../correlation.ts";
import { polynomialExpansion } from "./polynomial.ts";
import type { Dual, Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** βx for x > 0 and αx for x < 0. */
export function piecewiseLinear(negative: number, positive: number): Nonlinearity {
  return {
    functions: pointwise(negative, positive),
    dual: negative === positive ? linear(positive) : piecewiseLinearDual(negative, positive),
    slopes: [negative, positive],
    expansion: negative === positive ? polynomialExpansion([0, positive]) : undefined,
  };
}

function pointwise(negative: number, positive: number): Pointwise {
  const atZero = negative === positive ? positive : 0;
  const value = (x: number): number => (x > 0 ? positive * x : negative * x + 0); // no −0
  const slope = (x: number): number => (x > 0 ? positive : x < 0 ? negative : atZero);
  return {
    value,
    slope,
    curvature: () => 0,
    taylor(x, degree, out) {
      out.fill(0, 0, degree + 1);
      out[0] = value(x);
      if (degree > 0) out[1] = slope(x);
    },
  };
}

function linear(slope: number): Dual {
  const square = slope * slope;
  return {
    form: "closed",
    value: (_a, _b, c) => square * c,
    slope: () => square,
    variance: (a) => square * a,
    slopeVariance: () => square,
    mean: () => 0,
    meanSlope: () => slope,
  };
}

/**
 * The arc-cosine kernel of degree 1 and its relatives, κ = (α − β)²/(2π) s + κ̇ c and κ̇ = (α² + β²)/2 − (α − β)²/(2π) θ.
 * @see Cho and Saul, Kernel methods for deep learning, NIPS 2009
 */
export function piecewiseLinearDual(negative: number, positive: number): Dual {
  const half = (negative * negative + positive * positive) / 2;
  const kink = (negative - positive) ** 2 / (2 * Math.PI);
  return {
    form: "closed",
    value(a, b, c) {
      const r = geometricMean(a, b);
      const inside = clip(c, r);
      return kink * complement(r, inside) + (half - kink * angle(r, inside)) * inside;
    },
    slope: (a, b, c) => half - kink * angle(geometricMean(a, b), c),
    variance: (a) => half * a,
    slopeVariance: () => half,
    mean: (a) => (positive - negative) * Math.sqrt(a / (2 * Math.PI)),
    meanSlope: () => (negative + positive) / 2,
  };
}
