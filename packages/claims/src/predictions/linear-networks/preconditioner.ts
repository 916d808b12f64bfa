import { checkDepth } from "./check-depth.ts";
import type { Rows } from "./rows.ts";
import { singularValues } from "./singular-values.ts";

/**
 * Σ_{j=1}^n σ_r^{2(n−j)/n} σ_s^{2(j−1)/n} = (σ_r² − σ_s²)/(σ_r^{2/n} − σ_s^{2/n}): by how much n balanced layers speed up movement
 * along u_r v_sᵀ, for left and right singular vectors of W with the singular values σ_r and σ_s (0 beyond the smaller side).
 *
 * @see Arora, Cohen & Hazan, arXiv:1802.06509; claim LN-07
 */
export function preconditionerEigenvalue(sigmaR: number, sigmaS: number, depth: number): number {
  checkDepth("preconditionerEigenvalue", depth);
  let sum = 0;
  // A sum of positive terms, where the quotient cancels for nearby singular values.
  for (let j = 1; j <= depth; j++)
    sum += sigmaR ** ((2 * (depth - j)) / depth) * sigmaS ** ((2 * (j - 1)) / depth);
  return sum;
}

/**
 * Eigenvalues, ascending, of the preconditioner P_W = Σ_j (WᵀW)^{(j−1)/n} ⊗ (WWᵀ)^{(n−j)/n} with vec(Ẇ) = −P_W vec(∇ℓ(W)), one
 * for each entry of W.
 */
export function preconditionerSpectrum(w: Rows, depth: number): number[] {
  const values = singularValues(w);
  const padded = (size: number): number[] => Array.from({ length: size }, (_, i) => values[i] ?? 0);
  const columns = padded(w[0]!.length);
  return padded(w.length)
    .flatMap((sigmaR) => columns.map((sigmaS) => preconditionerEigenvalue(sigmaR, sigmaS, depth)))
    .sort((a, b) => a - b);
}

/** The smallest of them: n σ_min^{2−2/n} for square W, σ_min^{2−2/n} for any other. */
export function leastPreconditionerEigenvalue(
  smallestSingularValue: number,
  depth: number,
  { square }: { readonly square: boolean },
): number {
  return preconditionerEigenvalue(smallestSingularValue, square ? smallestSingularValue : 0, depth);
}

/**
 * The mean of all of them: how many times as fast as without added layers the end-to-end matrix moves along a gradient with no
 * preferred direction. Below 1, added layers slow the start down.
 *
 * @see claim LN-24
 */
export function meanPreconditionerEigenvalue(w: Rows, depth: number): number {
  const spectrum = preconditionerSpectrum(w, depth);
  return spectrum.reduce((sum, value) => sum + value, 0) / spectrum.length;
}
