import { type Engine, type Matrix, precisionOf, rowRange } from "../linalg/index.ts";
import type { PolynomialKernel } from "./kernel.ts";
import { weightedRows } from "./weighted-rows.ts";

/** Rows in transformed coordinates. */
interface PolynomialCall {
  /** m × d */
  readonly x: Matrix;
  readonly out: Matrix;
  readonly signal?: AbortSignal | undefined;
}

/** At most this many kernel values are held at a time beside the result. */
const BLOCK_ENTRIES = 2 ** 22;

/** out[i, j] = (⟨x_i, z_j⟩/L² + c)^m; z is x when absent. */
export async function polynomialMatrix(
  engine: Engine,
  { bandwidth, degree, constant }: PolynomialKernel,
  { x, z, out, signal }: PolynomialCall & { readonly z?: Matrix | undefined },
): Promise<void> {
  signal?.throwIfAborted();
  const alpha = bandwidth ** -2;
  if (z) await engine.gemm({ a: x, b: z, transposeB: true, alpha, c: out });
  else await engine.syrk({ a: x, alpha, c: out });
  const { data } = out;
  for (let at = 0; at < data.length; at++) data[at] = (data[at]! + constant) ** degree;
}

/** out = k(X, Z) V without storing the m × n factor. */
export async function polynomialProduct(
  engine: Engine,
  kernel: PolynomialKernel,
  { x, z, v, out, signal }: PolynomialCall & { readonly z: Matrix; readonly v: Matrix },
): Promise<void> {
  const rows = Math.max(1, Math.min(x.rows, Math.floor(BLOCK_ENTRIES / Math.max(1, z.rows))));
  const memory = engine.allocate(rows, z.rows, precisionOf(v));
  for (let start = 0; start < x.rows; start += rows) {
    const end = Math.min(x.rows, start + rows);
    const block = rowRange(memory, 0, end - start);
    await polynomialMatrix(engine, kernel, { x: rowRange(x, start, end), z, out: block, signal });
    await engine.gemm({ a: block, b: v, c: rowRange(out, start, end) });
  }
}

/**
 * Gradients of f_l = Σ_i A_il k(·, z_i) at every row of x, as `Engine.kernelGradient`: ∇f_l = (m/L²) Σ_i A_il (⟨x, z_i⟩/L² + c)^(m−1) z_i.
 * There is no kink at a center: a row that is one counts in full.
 */
export async function polynomialGradient(
  engine: Engine,
  { bandwidth, degree, constant }: PolynomialKernel,
  { x, z, coefficients, out, signal }: PolynomialCall & { readonly z: Matrix; readonly coefficients: Matrix },
): Promise<void> {
  // The slope (m/L²)(s + c)^(m−1) is m/L² times the kernel of the next lower degree.
  const lower: PolynomialKernel = { family: "polynomial", bandwidth, degree: degree - 1, constant };
  const v = weightedRows(engine, coefficients, z);
  await polynomialProduct(engine, lower, { x, z, v, out, signal });
  for (let at = 0; at < out.data.length; at++) out.data[at]! *= degree / bandwidth ** 2;
}
