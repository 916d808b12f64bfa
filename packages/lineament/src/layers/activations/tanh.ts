import { convolution } from "../power-series.ts";
import { polarDual } from "../polar-dual.ts";
import type { Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** 1 − tanh²(x), without cancellation. */
function slope(x: number): number {
  const e = Math.exp(-2 * Math.abs(x));
  return (4 * e) / ((1 + e) * (1 + e));
}

const functions: Pointwise = {
  value: Math.tanh,
  slope,
  curvature: (x) => -2 * Math.tanh(x) * slope(x),
  // y′ = 1 − y²
  taylor(x, degree, out) {
    out[0] = Math.tanh(x);
    if (degree > 0) out[1] = slope(x);
    for (let k = 1; k < degree; k++) out[k + 1] = -convolution(out, out, k) / (k + 1);
  },
};

export const tanh: Nonlinearity = { functions, dual: polarDual(functions) };
