import { type Random, zeros } from "lineament";
import { randomSigns } from "./random-signs.ts";
import type { Regression } from "./regression.ts";

/**
 * Labels y = ±1 that two coordinates tell: x_0 = y + U(−½, ½), to which a line is enough, and x_1, one of the slabs −1.5, −0.5, 0.5,
 * 1.5 (+ U(−0.2, 0.2)), whose labels alternate +, −, +, −. The other `noise` coordinates are standard normal. With probability
 * `wrong` (default 0) x_0 is that of the other label.
 *
 * @see Shah et al., arXiv:2006.07710
 */
export function slabs(
  n: number,
  noise: number,
  generator: Random,
  { wrong = 0 }: { readonly wrong?: number } = {},
): Regression {
  const d = 2 + noise;
  const x = zeros(n, d);
  const y = { data: randomSigns(n, generator), rows: n, cols: 1 };
  for (let i = 0; i < n; i++) {
    const label = y.data[i]!;
    const told = generator.uniform() < wrong ? -label : label;
    x.data[i * d] = told + generator.uniform() - 0.5;
    const slab = 2 * generator.integer(2) + (label > 0 ? 0 : 1);
    x.data[i * d + 1] = slab - 1.5 + 0.4 * (generator.uniform() - 0.5);
    for (let k = 2; k < d; k++) x.data[i * d + k] = generator.normal();
  }
  return { x, y };
}
