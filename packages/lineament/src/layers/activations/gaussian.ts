import { complement, geometricMean } from "../correlation.ts";
import { gaussianSeries } from "../power-series.ts";
import type { Dual, Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** A e^(Bx²), B < 0. */
export function gaussian(amplitude: number, rate: number): Nonlinearity {
  return { functions: pointwise(amplitude, rate), dual: dual(amplitude, rate) };
}

function pointwise(amplitude: number, rate: number): Pointwise {
  const value = (x: number): number => amplitude * Math.exp(rate * x * x);
  return {
    value,
    slope: (x) => 2 * rate * x * value(x),
    curvature(x) {
      const height = value(x);
      return height === 0 ? 0 : 2 * rate * (1 + 2 * rate * x * x) * height;
    },
    taylor: (x, degree, out) => gaussianSeries(out, value(x), rate, x, degree),
  };
}

/** κ = A²/√D, κ̇ = 4A²B²c/√D³. */
function dual(amplitude: number, rate: number): Dual {
  const height = amplitude * amplitude;
  const slopeHeight = 4 * height * rate * rate;
  /** D = (1 − 2Ba)(1 − 2Bb) − 4B²c², as 1 − 2B(a + b) + (2Bs)². */
  const determinant = (a: number, b: number, c: number): number => {
    const s = 2 * rate * complement(geometricMean(a, b), c);
    return 1 - 2 * rate * (a + b) + s * s;
  };
  return {
    form: "closed",
    value: (a, b, c) => height / Math.sqrt(determinant(a, b, c)),
    slope(a, b, c) {
      const d = determinant(a, b, c);
      return (slopeHeight * c) / (d * Math.sqrt(d));
    },
    variance: (a) => height / Math.sqrt(1 - 4 * rate * a),
    slopeVariance(a) {
      const d = 1 - 4 * rate * a;
      return (slopeHeight * a) / (d * Math.sqrt(d));
    },
    mean: (a) => amplitude / Math.sqrt(1 - 2 * rate * a),
    meanSlope: () => 0,
  };
}
