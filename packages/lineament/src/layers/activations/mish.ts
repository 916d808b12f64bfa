import { convolution, timesArgument } from "../power-series.ts";
import { polarDual } from "../polar-dual.ts";
import { logistic, logisticSeries } from "./sigmoid.ts";
import type { Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** T(x) = tanh(ln(1 + e^x)) = ((1 + e^x)² − 1)/((1 + e^x)² + 1). */
function gate(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return x < 0 ? (e * (e + 2)) / (e * (e + 2) + 2) : (1 + 2 * e) / (1 + 2 * e * (1 + e));
}

/** 1 − T². */
function gateComplement(x: number): number {
  const e = Math.exp(-Math.abs(x));
  const root = x < 0 ? (2 * (1 + e)) / (e * (e + 2) + 2) : (2 * e * (1 + e)) / (1 + 2 * e * (1 + e));
  return root * root;
}

/** T′ = (1 − T²) σ. */
function gateSlope(x: number): number {
  return gateComplement(x) * logistic(x);
}

const functions: Pointwise = {
  value: (x) => x * gate(x),
  slope: (x) => gate(x) + x * gateSlope(x),
  curvature: (x) => gateSlope(x) * (2 + x * (logistic(-x) - 2 * gate(x) * logistic(x))),
  taylor(x, degree, out) {
    const sigma = new Float64Array(degree + 1);
    const complement = new Float64Array(degree + 1);
    logisticSeries(x, degree, sigma);
    out[0] = gate(x);
    for (let k = 0; k < degree; k++) {
      complement[k] = k === 0 ? gateComplement(x) : -convolution(out, out, k);
      out[k + 1] = convolution(complement, sigma, k) / (k + 1);
    }
    timesArgument(out, x, degree);
  },
};

/** x tanh(ln(1 + e^x)). */
export const mish: Nonlinearity = { functions, dual: polarDual(functions) };
