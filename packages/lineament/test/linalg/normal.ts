import type { Matrix, Precision } from "../../src/linalg/matrix.ts";
import { zeros } from "../../src/linalg/matrix.ts";
import { random } from "../../src/linalg/random.ts";

/** A matrix of standard normal numbers. */
export function normal(rows: number, cols: number, precision: Precision, seed: number): Matrix {
  const generator = random(seed);
  const a = zeros(rows, cols, precision);
  for (let i = 0; i < a.data.length; i++) a.data[i] = generator.normal();
  return a;
}
