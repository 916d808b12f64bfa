import { type Random, zeros } from "lineament";
import { type Regression, targetsOf } from "./regression.ts";

/**
 * Friedman's first function, y = 10 sin(π x_0 x_1) + 20 (x_2 − ½)² + 10 x_3 + 5 x_4, of x uniform on [0, 1]^d, d ≥ 5, without noise.
 *
 * @see Friedman, "Multivariate Adaptive Regression Splines" (1991)
 */
export function friedman(n: number, d: number, generator: Random): Regression {
  const x = zeros(n, d);
  for (let at = 0; at < x.data.length; at++) x.data[at] = generator.uniform();
  return {
    x,
    y: targetsOf(
      x,
      ([a, b, c, e, f]) => 10 * Math.sin(Math.PI * a! * b!) + 20 * (c! - 0.5) ** 2 + 10 * e! + 5 * f!,
    ),
  };
}
