import type { Random } from "lineament";
import { gaussianMatrix } from "./gaussian-matrix.ts";
import { type Regression, targetsOf } from "./regression.ts";

/** x ~ N(0, I_d/4) and y = x_0 x_1 where x_5 > 0, else 0, without noise: three of d ≥ 6 coordinates matter, one of them as a switch. */
export function gatedProduct(n: number, d: number, generator: Random): Regression {
  const x = gaussianMatrix(n, d, generator, { std: 1 / 2 });
  return { x, y: targetsOf(x, (row) => (row[5]! > 0 ? row[0]! * row[1]! : 0)) };
}
