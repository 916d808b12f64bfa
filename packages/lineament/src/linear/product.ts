import { type Engine, zeros } from "../linalg/index.ts";
import type { Doubles } from "./checks.ts";

/** op(A) op(B) as a new matrix. */
export async function product(
  engine: Engine,
  a: Doubles,
  b: Doubles,
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean } = {},
): Promise<Doubles> {
  const c = zeros(transposeA ? a.cols : a.rows, transposeB ? b.rows : b.cols);
  await engine.gemm({ a, b, c, transposeA, transposeB });
  return c;
}
