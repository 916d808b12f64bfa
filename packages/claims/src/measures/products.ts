import { type Engine, type Matrix, zeros } from "lineament";

/** A Bᵀ: rows of A against rows of B, and A Aᵀ without B. */
export async function rowProducts(engine: Engine, a: Matrix, b: Matrix = a): Promise<Matrix<Float64Array>> {
  const c = zeros(a.rows, b.rows);
  if (a === b) await engine.syrk({ a, c });
  else await engine.gemm({ a, b, c, transposeB: true });
  return c;
}

/** A B. */
export async function product(engine: Engine, a: Matrix, b: Matrix): Promise<Matrix<Float64Array>> {
  const c = zeros(a.rows, b.cols);
  await engine.gemm({ a, b, c });
  return c;
}

/** n numbers as an n × 1 matrix that shares their memory. */
export function column(values: Float64Array): Matrix<Float64Array> {
  return { data: values, rows: values.length, cols: 1 };
}
