import type { Rows } from "./rows.ts";

/**
 * (1 − 2t)² W*: the end-to-end matrix at the fraction t of the way between two factorizations of W* that differ in the signs of
 * their last two layers. At t = 1/2 it is 0: a loss with ℓ(0) > ℓ(W*) is larger in the middle than at either end by
 * ℓ(0) − ℓ(W*), and no convex function is.
 *
 * @param t - in [0, 1]
 * @see Lecture notes on linear networks, Proposition 1; claim LN-01
 */
export function signFlipPath(optimum: Rows, t: number): number[][] {
  return optimum.map((row) => row.map((value) => (1 - 2 * t) ** 2 * value));
}
