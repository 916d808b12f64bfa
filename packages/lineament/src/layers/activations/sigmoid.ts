import { convolution } from "../power-series.ts";
import { polarDual } from "../polar-dual.ts";
import type { Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** σ(x) = 1/(1 + e^(−x)), accurate in both tails. */
export function logistic(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

/** σ′(x) = σ(x) σ(−x). */
export function logisticSlope(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return e / ((1 + e) * (1 + e));
}

/** 1 − 2σ(x) = σ″(x)/σ′(x). */
export function tilt(x: number): number {
  return -Math.tanh(x / 2);
}

/** From σ′ = σ − σ². */
export function logisticSeries(x: number, degree: number, out: Float64Array): void {
  out[0] = logistic(x);
  if (degree > 0) out[1] = logisticSlope(x);
  for (let k = 1; k < degree; k++)
    out[k + 1] = (tilt(x) * out[k]! - convolution(out, out, k, 1, k - 1)) / (k + 1);
}

const functions: Pointwise = {
  value: logistic,
  slope: logisticSlope,
  curvature: (x) => tilt(x) * logisticSlope(x),
  taylor: logisticSeries,
};

/** 1/(1 + e^(−x)). */
export const sigmoid: Nonlinearity = {
  functions,
  dual: polarDual(functions),
};
