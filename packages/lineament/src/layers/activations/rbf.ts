import { sine } from "./sinusoid.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/**
 * √2 sin(√(2γ) x + π/4), whose dual is the Gaussian kernel e^(−γ(a + b − 2c)).
 * @see Rahimi and Recht, Random features for large-scale kernel machines, NIPS 2007
 */
export function rbf(gamma: number): Nonlinearity {
  const frequency = Math.sqrt(2 * gamma);
  const value = (a: number, b: number, c: number): number => Math.exp(-gamma * Math.max(a + b - 2 * c, 0));
  return {
    functions: sine(Math.SQRT2, frequency, Math.PI / 4).functions,
    dual: {
      form: "closed",
      value,
      slope: (a, b, c) => 2 * gamma * value(a, b, c),
      variance: () => 1,
      slopeVariance: () => 2 * gamma,
      mean: (a) => Math.exp(-gamma * a),
      meanSlope: (a) => frequency * Math.exp(-gamma * a),
    },
  };
}
