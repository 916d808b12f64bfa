import { checkDepth } from "./check-depth.ts";

/**
 * min {Σ_j ‖W_j‖_F²: W_n ⋯ W_1 = W} = n Σ_r σ_r^{2/n}, attained when layers are balanced: what weight decay on n layers penalizes;
 * twice the nuclear norm for n = 2.
 *
 * @param singularValues - σ ≥ 0 of W
 * @see claim LN-22
 */
export function factorizationNorm(singularValues: readonly number[], depth: number): number {
  checkDepth("factorizationNorm", depth);
  return depth * singularValues.reduce((sum, value) => sum + value ** (2 / depth), 0);
}
