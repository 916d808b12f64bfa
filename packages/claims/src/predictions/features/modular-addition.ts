/** What knows nothing of addition modulo p would reach: accuracy, and circulant energy of a p × p matrix of noise. */
export function uninformed(p: number): { readonly accuracy: number; readonly circulantEnergy: number } {
  // Class averages are p of p² directions; with the mean removed p − 1 of p² − 1.
  return { accuracy: 1 / p, circulantEnergy: 1 / (p + 1) };
}
