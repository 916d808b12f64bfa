import type { Engine } from "../linalg/index.ts";
import type { Doubles } from "./checks.ts";

/** W = U diag(values) Vᵀ, thin; u: m × r, vt: r × n, r = min(m, n). */
export interface SingularParts {
  readonly u: Doubles;
  readonly values: Float64Array;
  readonly vt: Doubles;
}

/**
 * A thin singular value decomposition whose values below rounding, max(m, n) ε σ_1, are exactly 0: fractional powers would make
 * large numbers of them, (10⁻¹⁶)^(1/4) = 10⁻⁴.
 */
export async function singularParts(engine: Engine, w: Doubles): Promise<SingularParts> {
  const { u, values, vt } = await engine.singularValues(w);
  const rounding = Math.max(w.rows, w.cols) * Number.EPSILON * (values[0] ?? 0);
  return {
    u: u as Doubles,
    values: values.map((sigma) => (sigma <= rounding ? 0 : sigma)),
    vt: vt as Doubles,
  };
}
