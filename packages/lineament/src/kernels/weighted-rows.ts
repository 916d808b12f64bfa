import { type Engine, type Matrix, precisionOf } from "../linalg/index.ts";

/**
 * P[i, (l, k)] = A_il z_ik: with weights W, one product W P holds Σ_i W_ji A_il z_i for all outputs l and coordinates k.
 * n × (c d), in the precision of A.
 */
export function weightedRows(engine: Engine, coefficients: Matrix, z: Matrix): Matrix {
  const [n, c, d] = [z.rows, coefficients.cols, z.cols];
  const result = engine.allocate(n, c * d, precisionOf(coefficients));
  for (let i = 0; i < n; i++)
    for (let l = 0; l < c; l++)
      for (let k = 0; k < d; k++)
        result.data[(i * c + l) * d + k] = coefficients.data[i * c + l]! * z.data[i * d + k]!;
  return result;
}
