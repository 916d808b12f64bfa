/**
 * exp(−Σ_r p_r ln p_r), p_r = σ_r/Σσ: the effective rank, between 1 and the rank; 0 for the matrix 0.
 *
 * @param singularValues - σ ≥ 0 in any order
 * @see Roy & Vetterli 2007; claim LN-19
 */
export function effectiveRankOf(singularValues: readonly number[]): number {
  const total = singularValues.reduce((sum, value) => sum + value, 0);
  if (total === 0) return 0;
  const entropy = singularValues.reduce((sum, value) => {
    const part = value / total;
    return part > 0 ? sum - part * Math.log(part) : sum;
  }, 0);
  return Math.exp(entropy);
}

/** (Σ_r σ_r^p)^{1/p}, p > 0: the nuclear norm for p = 1, the Frobenius norm for p = 2, no norm below 1. */
export function schattenNormOf(singularValues: readonly number[], p: number): number {
  return singularValues.reduce((sum, value) => sum + value ** p, 0) ** (1 / p);
}

/** ‖W‖_F²/‖W‖_2², between 1 and the rank; 0 for the matrix 0. */
export function stableRankOf(singularValues: readonly number[]): number {
  const most = Math.max(...singularValues);
  return most === 0 ? 0 : singularValues.reduce((sum, value) => sum + (value / most) ** 2, 0);
}

/** (Σ_{k>r} σ_k²)^{1/2}: the Frobenius distance to the matrices of rank r or less. */
export function distanceToRankOf(singularValues: readonly number[], rank: number): number {
  return Math.hypot(...[...singularValues].sort((a, b) => b - a).slice(rank));
}
