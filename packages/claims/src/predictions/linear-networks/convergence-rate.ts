import { leastPreconditionerEigenvalue } from "./preconditioner.ts";
import { matrixOf, type Rows } from "./rows.ts";
import { singularValues } from "./singular-values.ts";

/**
 * c = σ_min(Φ) − ‖W(0) − Φ‖_F: how much better the start is than every matrix of lower rank. 0 or less, and nothing is
 * guaranteed; otherwise σ_min(W(t)) ≥ c for ever.
 *
 * @see Arora, Cohen, Golowich & Hu, arXiv:1810.02281; claim LN-09
 */
export function deficiencyMargin(target: Rows, start: Rows): number {
  const distance = matrixOf(start).sub(matrixOf(target)).norm("frobenius");
  return singularValues(target).at(-1)! - distance;
}

/**
 * ρ with ℓ(t) ≤ ℓ(0) e^{−ρt} for ℓ = ½ ‖W − Φ‖_F² along gradient flow of n balanced layers: 2n c^{2−2/n} for square matrices,
 * 2 c^{2−2/n} for others.
 *
 * @param margin - c > 0
 */
export function convergenceRate(margin: number, depth: number, shape: { readonly square: boolean }): number {
  if (!(margin > 0)) throw new RangeError(`convergenceRate: margin ${margin}; the bound needs one above 0`);
  return 2 * leastPreconditionerEigenvalue(margin, depth, shape);
}
