import { timesArgument } from "../power-series.ts";
import { polarDual } from "../polar-dual.ts";
import { logistic, logisticSeries, logisticSlope, tilt } from "./sigmoid.ts";
import type { Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

const functions: Pointwise = {
  value: (x) => x * logistic(x),
  slope: (x) => logistic(x) + x * logisticSlope(x),
  curvature: (x) => logisticSlope(x) * (2 + x * tilt(x)),
  taylor(x, degree, out) {
    logisticSeries(x, degree, out);
    timesArgument(out, x, degree);
  },
};

/** x/(1 + e^(−x)), also called SiLU. */
export const swish: Nonlinearity = { functions: functions, dual: polarDual(functions) };
