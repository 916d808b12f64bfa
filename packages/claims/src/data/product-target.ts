import type { Random } from "lineament";
import { gaussianMatrix } from "./gaussian-matrix.ts";
import { type Regression, targetsOf } from "./regression.ts";

/** x ~ N(0, I_d) and y = x_0 x_1 without noise: two of d directions matter, and no linear function says anything about y. */
export function productTarget(n: number, d: number, generator: Random): Regression {
  const x = gaussianMatrix(n, d, generator);
  return { x, y: targetsOf(x, ([first, second]) => first! * second!) };
}
