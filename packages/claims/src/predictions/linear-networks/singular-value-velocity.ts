import { checkDepth } from "./check-depth.ts";
import { matrixOf, type Rows } from "./rows.ts";
import { singularTriplets } from "./singular-values.ts";

/**
 * σ̇_r = −n σ_r^{2−2/n} ⟨G, u_r v_rᵀ⟩ for each singular value of the end-to-end matrix of n balanced layers along gradient flow.
 * Needs distinct singular values, and for n = 1 none that is 0: singular vectors are arbitrary otherwise.
 *
 * @param w - W, d_n × d_0
 * @param gradient - G = ∇ℓ(W)
 * @returns σ descending, and the velocity of each
 * @see Arora, Cohen, Hu & Luo, arXiv:1905.13655, Theorem 3; claim LN-16
 */
export function singularValueVelocity(
  w: Rows,
  gradient: Rows,
  depth: number,
): { readonly values: readonly number[]; readonly velocities: readonly number[] } {
  checkDepth("singularValueVelocity", depth);
  const { u, values, v } = singularTriplets(w);
  const overlaps = u.transpose().mmul(matrixOf(gradient)).mmul(v).diagonal();
  return {
    values,
    velocities: values.map((value, r) => -depth * value ** (2 - 2 / depth) * overlaps[r]!),
  };
}
