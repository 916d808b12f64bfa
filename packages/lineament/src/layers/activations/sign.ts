import { angle, geometricMean } from "../correlation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** sign(x), 0 at 0. */
export const sign: Nonlinearity = {
  functions: {
    value: Math.sign,
    slope: () => 0,
    curvature: () => 0,
    taylor(x, degree, out) {
      out.fill(0, 0, degree + 1);
      out[0] = Math.sign(x);
    },
  },
  dual: {
    form: "closed",
    value: (a, b, c) => 1 - (2 / Math.PI) * angle(geometricMean(a, b), c),
    slope: () => 0,
    variance: (a) => (a > 0 ? 1 : 0),
    slopeVariance: () => 0,
    mean: () => 0,
    meanSlope: () => 0,
  },
};
