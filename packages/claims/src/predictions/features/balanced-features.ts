/**
 * The exponent p of W_ℓᵀ W_ℓ = A_ℓ^p in a balanced linear network of L layers, where A_ℓ is the average gradient outer product with
 * respect to the input of layer ℓ: 1/(L − ℓ + 1).
 *
 * @see arXiv:2510.15563 (first layer); Radhakrishnan et al., arXiv:2212.13881
 */
export function balancedExponent(depth: number, layer: number): number {
  return 1 / (depth - layer + 1);
}

/**
 * ‖W_ℓᵀ W_ℓ − A_ℓ^p‖ / ‖W_ℓᵀ W_ℓ‖ in a balanced linear network whose product has the singular values σ: with s = σ^{1/L} the two
 * matrices have the same eigenvectors, and eigenvalues s² and s^{2p(L − ℓ + 1)}.
 */
export function balancedExponentError(
  singularValues: readonly number[],
  { depth, layer, exponent }: { readonly depth: number; readonly layer: number; readonly exponent: number },
): number {
  const eigenvalues = singularValues.map((sigma) => sigma ** (2 / depth));
  const power = exponent * (depth - layer + 1);
  return Math.hypot(...eigenvalues.map((value) => value - value ** power)) / Math.hypot(...eigenvalues);
}
