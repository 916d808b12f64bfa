import { type Engine, zeros } from "../linalg/index.ts";
import type { Doubles } from "./checks.ts";

interface Multiplication {
  readonly a: Doubles;
  readonly b: Doubles;
  readonly c: Doubles;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly alpha?: number;
  readonly beta?: number;
}

/** Up to so many multiplications are done here: a call of an engine takes longer. */
const FEW = 2048;

/** C ← alpha op(A) op(B) + beta C of any size, on the engine where that pays. */
export function multiply(engine: Engine, call: Multiplication): Promise<void> | void {
  const { a, c, transposeA = false } = call;
  const inner = transposeA ? a.rows : a.cols;
  if (c.rows * c.cols * inner > FEW) return engine.gemm(call);
  multiplyFew(call, inner);
}

function multiplyFew(call: Multiplication, inner: number): void {
  const { a, b, c, transposeA = false, transposeB = false, alpha = 1, beta = 0 } = call;
  const { data: left } = a;
  const { data: right } = b;
  const { data: out, rows, cols } = c;
  const rowOfA = transposeA ? 1 : a.cols;
  const stepOfA = transposeA ? a.cols : 1;
  const columnOfB = transposeB ? b.cols : 1;
  const stepOfB = transposeB ? 1 : b.cols;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) {
      let sum = 0;
      for (let t = 0, p = i * rowOfA, q = j * columnOfB; t < inner; t++, p += stepOfA, q += stepOfB)
        sum += left[p]! * right[q]!;
      const at = i * cols + j;
      out[at] = alpha * sum + (beta === 0 ? 0 : beta * out[at]!);
    }
}

/** op(A) op(B) as a new matrix. */
export async function product(
  engine: Engine,
  a: Doubles,
  b: Doubles,
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean } = {},
): Promise<Doubles> {
  const c = zeros(transposeA ? a.cols : a.rows, transposeB ? b.rows : b.cols);
  await multiply(engine, { a, b, c, transposeA, transposeB });
  return c;
}
