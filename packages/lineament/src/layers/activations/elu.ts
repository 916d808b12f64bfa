import { polarDual } from "../polar-dual.ts";
import type { Pointwise } from "../activation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";

/** λx for x > 0 and λα(e^x − 1) for x ≤ 0. */
export function elu(alpha: number, scale = 1): Nonlinearity {
  const functions = pointwise(alpha, scale);
  return { functions, dual: polarDual(functions) };
}

/** λ and α that make mean 0 and variance 1 a fixed point (Klambauer et al., arXiv:1706.02515). */
export const selu: Nonlinearity = elu(1.6732632423543772, 1.0507009873554805);

function pointwise(alpha: number, scale: number): Pointwise {
  const left = scale * alpha;
  const atZero = alpha === 1 ? scale : 0;
  const value = (x: number): number => (x > 0 ? scale * x : left * Math.expm1(x));
  const slope = (x: number): number => (x > 0 ? scale : x < 0 ? left * Math.exp(x) : atZero);
  return {
    value,
    slope,
    curvature: (x) => (x < 0 ? left * Math.exp(x) : 0),
    taylor(x, degree, out) {
      out.fill(0, 0, degree + 1);
      out[0] = value(x);
      if (degree > 0) out[1] = slope(x);
      if (x < 0) for (let k = 2; k <= degree; k++) out[k] = out[k - 1]! / k;
    },
  };
}
