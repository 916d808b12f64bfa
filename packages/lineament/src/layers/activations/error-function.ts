import { complement, geometricMean } from "../correlation.ts";
import { erf, erfc } from "../error-function.ts";
import { gaussianSeries, integral } from "../power-series.ts";
import type { Dual, Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** A erf(Bx) + C. */
export function errorFunction(amplitude: number, frequency: number, offset: number): Nonlinearity {
  return {
    functions: pointwise(amplitude, frequency, offset),
    dual: dual(amplitude, frequency, offset),
  };
}

function pointwise(amplitude: number, frequency: number, offset: number): Pointwise {
  const steepest = (2 * amplitude * frequency) / Math.sqrt(Math.PI);
  const rate = -frequency * frequency;
  // 1 + erf(y) = erfc(−y) keeps the digits of a distribution function's left tail.
  const value =
    offset === amplitude
      ? (x: number): number => amplitude * erfc(-frequency * x)
      : (x: number): number => amplitude * erf(frequency * x) + offset;
  const slope = (x: number): number => steepest * Math.exp(rate * x * x);
  return {
    value,
    slope,
    curvature: (x) => 2 * rate * x * slope(x),
    taylor(x, degree, out) {
      gaussianSeries(out, slope(x), rate, x, degree);
      integral(out, value(x), degree);
    },
  };
}

/**
 * κ = 2A²/π arcsin(2B²c/√((1 + 2B²a)(1 + 2B²b))) + C².
 * @see Williams, Computing with infinite networks, NIPS 1997
 */
function dual(amplitude: number, frequency: number, offset: number): Dual {
  const twice = 2 * frequency * frequency;
  const scale = (2 * amplitude * amplitude) / Math.PI;
  const floor = offset * offset;
  const slopeScale = scale * twice;
  /** √D, D = (1 + 2B²a)(1 + 2B²b) − 4B⁴c², as 1 + 2B²(a + b) + (2B²s)². */
  const root = (a: number, b: number, c: number): number => {
    const s = twice * complement(geometricMean(a, b), c);
    return Math.sqrt(1 + twice * (a + b) + s * s);
  };
  return {
    form: "closed",
    value: (a, b, c) => scale * Math.atan((twice * c) / root(a, b, c)) + floor,
    slope: (a, b, c) => slopeScale / root(a, b, c),
    variance: (a) => scale * Math.atan((twice * a) / Math.sqrt(1 + 2 * twice * a)) + floor,
    slopeVariance: (a) => slopeScale / Math.sqrt(1 + 2 * twice * a),
    mean: () => offset,
    meanSlope: (a) => (2 * amplitude * frequency) / Math.sqrt(Math.PI * (1 + twice * a)),
  };
}
