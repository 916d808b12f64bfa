/** What the bound on the curvature of 1/n Σ (f_i − y_i)² is made of. */
export interface RestrictedCurvatureParts {
  /** ‖ḡ‖² of ḡ = 1/n Σ ∇f_i: the mean entry of the tangent kernel. */
  readonly meanGradientSquared: number;
  /** f_i − y_i. */
  readonly residuals: readonly number[];
  /** ‖∇²f_i‖. */
  readonly hessianNorms: readonly number[];
}

/**
 * 2κ² ‖ḡ‖² − (2/n) Σ |f_i − y_i| ‖∇²f_i‖: the curvature of the loss is nowhere smaller along directions u with
 * |cos(u, ḡ)| ≥ κ.
 *
 * @see Banerjee, Cisneros-Velarde, Zhu & Belkin, arXiv:2209.15106
 */
export function restrictedCurvatureBound(
  { meanGradientSquared, residuals, hessianNorms }: RestrictedCurvatureParts,
  kappa: number,
): number {
  const bent = residuals.reduce((sum, residual, i) => sum + Math.abs(residual) * hessianNorms[i]!, 0);
  return 2 * kappa ** 2 * meanGradientSquared - (2 / residuals.length) * bent;
}
