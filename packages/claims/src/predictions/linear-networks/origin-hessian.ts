import type { Rows } from "./rows.ts";
import { singularValues } from "./singular-values.ts";

/**
 * Eigenvalues, ascending, of the Hessian of ℓ(W_n ⋯ W_1) where all layers are 0. With two layers, ±σ_i(∇ℓ(0)), each as often as
 * there are hidden neurons, and 0 for the rest; with more, 0 only: a saddle without curvature, left slowly.
 *
 * @param gradient - ∇ℓ(0), d_n × d_0
 * @param widths - d_0, …, d_n, for n ≥ 2 layers
 * @see claim LN-01
 */
export function originHessianSpectrum(gradient: Rows, widths: readonly number[]): number[] {
  const depth = widths.length - 1;
  if (depth < 2 || widths[0] !== gradient[0]?.length || widths[depth] !== gradient.length)
    throw new RangeError(
      `originHessianSpectrum: widths ${widths.join(", ")} for a gradient of ${gradient.length} × ${gradient[0]?.length}; give its columns, hidden widths, its rows`,
    );
  const parameters = widths.slice(1).reduce((sum, width, j) => sum + width * widths[j]!, 0);
  const curved =
    depth > 2 ? [] : singularValues(gradient).flatMap((value) => repeat([-value, value], widths[1]!));
  return [...curved, ...repeat([0], parameters - curved.length)].sort((a, b) => a - b);
}

function repeat(values: readonly number[], times: number): number[] {
  return Array.from({ length: times }, () => values).flat();
}
