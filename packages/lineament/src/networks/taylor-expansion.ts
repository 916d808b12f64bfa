import { type Matrix, zeros } from "../linalg/index.ts";
import { checkParameters } from "./checks.ts";
import type { Model } from "./model.ts";

/** f(θ₀ + t (θ − θ₀)) = Σ_k f_k t^k at n rows. */
export interface TaylorExpansion {
  /** f_0 … f_degree, n × O each. */
  readonly coefficients: readonly Matrix<Float64Array>[];
  /** The polynomial of degree `upTo` (default: all) at t (default 1, that is at θ): n × O. */
  at(t?: number, upTo?: number): Matrix<Float64Array>;
}

/**
 * Taylor's polynomial of a model around θ₀ on the line towards θ, by one jet. Degree 1 is what `linearize` computes, degree 2
 * what `quadratize` does.
 *
 * @param degree - any; cost grows with its square
 * @throws RangeError when θ₀, θ or x do not fit the model, or the degree is not a whole number ≥ 0
 */
export async function taylorExpansion(
  model: Model,
  theta0: Float64Array,
  theta: Float64Array,
  x: Matrix,
  degree: number,
): Promise<TaylorExpansion> {
  checkParameters("taylorExpansion", "theta0", model, theta0);
  checkParameters("taylorExpansion", "theta", model, theta);
  const direction = theta.map((value, at) => value - theta0[at]!);
  const coefficients = await model.jet(theta0, x, direction, degree);
  return {
    coefficients,
    at(t = 1, upTo = degree) {
      const sum = zeros(x.rows, model.outputs);
      for (let k = Math.min(upTo, degree); k >= 0; k--)
        for (let at = 0; at < sum.data.length; at++)
          sum.data[at] = sum.data[at]! * t + coefficients[k]!.data[at]!;
      return sum;
    },
  };
}
