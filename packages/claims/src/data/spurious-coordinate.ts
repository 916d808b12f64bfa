import { type Random, zeros } from "lineament";
import type { Regression } from "./regression.ts";

/**
 * Labels y = sgn(x_0 x_1) of two standard normal coordinates, and a third that only goes along: x_2 = s + N(0, 0.1²) with s = y with
 * probability (1 + ρ)/2 and −y otherwise. The other `noise` coordinates are standard normal.
 */
export function spuriousCoordinate(n: number, rho: number, noise: number, generator: Random): Regression {
  const d = 3 + noise;
  const [x, y] = [zeros(n, d), zeros(n, 1)];
  for (let i = 0; i < n; i++) {
    const row = x.data.subarray(i * d, (i + 1) * d);
    for (let k = 0; k < d; k++) row[k] = generator.normal();
    const label = row[0]! * row[1]! > 0 ? 1 : -1;
    row[2] = 0.1 * row[2]! + (generator.uniform() < (1 + rho) / 2 ? label : -label);
    y.data[i] = label;
  }
  return { x, y };
}
