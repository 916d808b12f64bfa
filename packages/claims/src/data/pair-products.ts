import type { Random } from "lineament";
import { gaussianMatrix } from "./gaussian-matrix.ts";
import { type Regression, targetsOf } from "./regression.ts";

/**
 * x ~ N(0, I_d) and y = Σ_k x_{2k} x_{2k+1} / √pairs, k < pairs ≤ d/2, without noise: targets of variance 1 that depend on 2 · pairs
 * coordinates.
 */
export function pairProducts(n: number, d: number, pairs: number, generator: Random): Regression {
  const x = gaussianMatrix(n, d, generator);
  const y = targetsOf(x, (row) => {
    let sum = 0;
    for (let k = 0; k < pairs; k++) sum += row[2 * k]! * row[2 * k + 1]!;
    return sum / Math.sqrt(pairs);
  });
  return { x, y };
}
