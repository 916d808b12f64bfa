import type { MatrixLike } from "../linalg/index.ts";
import { checkCount, checkMatrix, checkNumbers, type Doubles } from "./checks.ts";

/** Linear measurements b_i = ⟨A_i, W⟩ = Σ_jk (A_i)_jk W_jk of a rows × cols matrix. */
export interface Measurements {
  readonly rows: number;
  readonly cols: number;
  /** One A_i a row, its entries row by row: m × (rows · cols). */
  readonly matrices: MatrixLike;
  /** b. */
  readonly values: ArrayLike<number>;
}

/**
 * m × (rows · cols), and b.
 * @throws RangeError when sizes do not fit, there are none, or a number is not finite
 */
export function measurementsOf(
  call: string,
  { rows, cols, matrices, values }: Measurements,
): { readonly rows: number; readonly cols: number; readonly a: Doubles; readonly b: Float64Array } {
  checkCount(call, "rows", rows);
  checkCount(call, "cols", cols);
  const a = checkMatrix(call, "matrices", matrices);
  const b = checkNumbers(call, "values", values);
  if (a.cols !== rows * cols)
    throw new RangeError(
      `${call}: matrices has ${a.cols} columns, expected ${rows} · ${cols} = ${rows * cols}, the entries of one matrix`,
    );
  if (b.length !== a.rows)
    throw new RangeError(`${call}: there are ${b.length} values for ${a.rows} matrices`);
  return { rows, cols, a, b };
}
