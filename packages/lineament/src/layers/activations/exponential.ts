import type { Nonlinearity } from "../nonlinearity.ts";

/** A e^(Bx), with κ = A² e^(B²(a + b + 2c)/2). */
export function exponential(amplitude: number, rate: number): Nonlinearity {
  const square = rate * rate;
  const height = amplitude * amplitude;
  const pointwise = (x: number): number => amplitude * Math.exp(rate * x);
  const value = (a: number, b: number, c: number): number =>
    height * Math.exp((square * (a + b + 2 * c)) / 2);
  return {
    functions: {
      value: pointwise,
      slope: (x) => rate * pointwise(x),
      curvature: (x) => square * pointwise(x),
      taylor(x, degree, out) {
        let term = pointwise(x);
        for (let k = 0; k <= degree; k++) {
          out[k] = term;
          term *= rate / (k + 1);
        }
      },
    },
    growth: Math.abs(rate),
    dual: {
      form: "closed",
      value,
      slope: (a, b, c) => square * value(a, b, c),
      variance: (a) => height * Math.exp(2 * square * a),
      slopeVariance: (a) => height * square * Math.exp(2 * square * a),
      mean: (a) => amplitude * Math.exp((square * a) / 2),
      meanSlope: (a) => amplitude * rate * Math.exp((square * a) / 2),
    },
  };
}
