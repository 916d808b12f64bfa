import type { Random } from "lineament";
import { randomSigns } from "./random-signs.ts";
import { type Regression, targetsOf } from "./regression.ts";

/** x uniform on {±1}^d and y = x_0 x_1 ⋯ x_{k−1}: no smaller set of coordinates says anything about y. */
export function sparseParity(n: number, d: number, k: number, generator: Random): Regression {
  const x = { data: randomSigns(n * d, generator), rows: n, cols: d };
  return { x, y: targetsOf(x, (row) => row.subarray(0, k).reduce((product, sign) => product * sign, 1)) };
}
