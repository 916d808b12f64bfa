import { dot } from "../dot.ts";
import type { Rows } from "./rows.ts";
import { singularValues } from "./singular-values.ts";

/**
 * ⟨ν, b⟩ / max(1, ‖Σ_i ν_i A_i‖_2): no matrix X with ⟨A_i, X⟩ = b_i has a smaller nuclear norm, whatever the multipliers ν. At the
 * optimum of the dual problem it is the minimum: a certificate.
 *
 * @param measurements - A_i; e_a e_bᵀ for an observed entry
 * @param results - b_i
 * @param multipliers - ν_i
 * @see claim LN-15
 */
export function nuclearNormLowerBound(
  measurements: readonly Rows[],
  results: readonly number[],
  multipliers: readonly number[],
): number {
  const combination = measurements[0]!.map((row, i) =>
    row.map((_, j) => measurements.reduce((sum, a, m) => sum + multipliers[m]! * a[i]![j]!, 0)),
  );
  return dot(multipliers, results) / Math.max(1, singularValues(combination)[0]!);
}
