import { integral } from "../power-series.ts";
import { polarDual } from "../polar-dual.ts";
import { logistic, logisticSeries, logisticSlope } from "./sigmoid.ts";
import type { Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

const functions: Pointwise = {
  value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  slope: logistic,
  curvature: logisticSlope,
  taylor(x, degree, out) {
    logisticSeries(x, degree, out);
    integral(out, functions.value(x), degree);
  },
};

/** ln(1 + e^x). */
export const softplus: Nonlinearity = {
  functions,
  dual: polarDual(functions),
};
