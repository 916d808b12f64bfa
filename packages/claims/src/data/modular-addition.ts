import { permutation, type Random, takeRows, zeros } from "lineament";
import type { Regression } from "./regression.ts";

/**
 * The table of addition modulo p: all pairs (a, b) as two one-hot codes (2p columns), targets the one-hot code of a + b mod p (p
 * columns). A random part of the rows is for training, the rest for tests.
 */
export function modularAddition(
  p: number,
  fraction: number,
  generator: Random,
): { readonly train: Regression; readonly test: Regression } {
  const [x, y] = [zeros(p * p, 2 * p), zeros(p * p, p)];
  for (let a = 0; a < p; a++)
    for (let b = 0; b < p; b++) {
      const row = a * p + b;
      x.data[row * 2 * p + a] = x.data[row * 2 * p + p + b] = 1;
      y.data[row * p + ((a + b) % p)] = 1;
    }
  const order = permutation(p * p, generator);
  const n = Math.round(fraction * p * p);
  const part = (rows: Int32Array): Regression => ({ x: takeRows(x, rows), y: takeRows(y, rows) });
  return { train: part(order.subarray(0, n)), test: part(order.subarray(n)) };
}
