import { checkSquare } from "./checks.ts";
import type { Engine } from "./engine.ts";
import type { SymmetricProduct } from "./lanczos.ts";
import { type Matrix, precisionOf, zeros } from "./matrix.ts";

/** v ↦ A v on the engine, in the precision of A. Symmetry is taken on trust. */
export function symmetricProduct(engine: Engine, a: Matrix): SymmetricProduct {
  const n = checkSquare("symmetricProduct", a);
  return async (v) => {
    const b = zeros(n, 1, precisionOf(a));
    const c = zeros(n, 1, precisionOf(a));
    b.data.set(v);
    await engine.gemm({ a, b, c, symmetricA: true });
    return c.data;
  };
}
