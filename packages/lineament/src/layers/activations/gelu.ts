import { complement, geometricMean } from "../correlation.ts";
import { normalCdf, normalDensity } from "../error-function.ts";
import { gaussianSeries, integral, timesArgument } from "../power-series.ts";
import type { Dual } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** x Φ(x), Φ the standard normal distribution function (not its tanh approximation). */
export const gelu: Nonlinearity = {
  functions: {
    value: (x) => x * normalCdf(x),
    slope: (x) => normalCdf(x) + x * normalDensity(x),
    curvature(x) {
      const density = normalDensity(x);
      return density === 0 ? 0 : (2 - x * x) * density;
    },
    taylor(x, degree, out) {
      gaussianSeries(out, normalDensity(x), -0.5, x, degree);
      integral(out, normalCdf(x), degree);
      timesArgument(out, x, degree);
    },
  },
  dual: dual(),
};

/** @see Tsuchida et al., Avoiding kernel fixed points, arXiv:2002.08517 */
function dual(): Dual {
  const perTurn = 1 / (2 * Math.PI);
  /** Δ = √((1 + a)(1 + b) − c²). */
  const root = (a: number, b: number, c: number): number => {
    const s = complement(geometricMean(a, b), c);
    return Math.sqrt(1 + a + b + s * s);
  };
  const value = (a: number, b: number, c: number): number => {
    const p = (1 + a) * (1 + b);
    const delta = root(a, b, c);
    return c / 4 + perTurn * ((c / p) * (c / delta) + ((a * b) / p) * delta + c * Math.atan(c / delta));
  };
  const slope = (a: number, b: number, c: number): number => {
    const delta = root(a, b, c);
    return (
      0.25 +
      perTurn * (Math.atan(c / delta) + (c / delta) * (1 / (delta * delta) + 1 / (1 + a) + 1 / (1 + b)))
    );
  };
  return {
    form: "closed",
    value,
    slope,
    variance: (a) => value(a, a, a),
    slopeVariance: (a) => slope(a, a, a),
    mean: (a) => a / Math.sqrt(2 * Math.PI * (1 + a)),
    meanSlope: () => 0.5,
  };
}
