/** Numbers, or tensors of one order less and all of one shape. */
export type Tensor = readonly number[] | readonly Tensor[];

/**
 * d/dt ‖⊗_k w_r^k‖ = −N ‖⊗_k w_r^k‖^{2−2/N} ⟨∇ℓ, ⊗_k w_r^k/‖w_r^k‖⟩ for each component r of a sum Σ_r w_r^1 ⊗ ⋯ ⊗ w_r^N along
 * gradient flow, when factors of a component have equal norms: the law of singular values, with the order N for the depth.
 *
 * @param factors - factors[mode][component], N modes
 * @param gradient - ∇ℓ, a tensor of order N
 * @see Razin, Maman & Cohen, arXiv:2102.09972; claim LN-27
 */
export function tensorComponentVelocity(
  factors: readonly (readonly (readonly number[])[])[],
  gradient: Tensor,
): { readonly norms: readonly number[]; readonly velocities: readonly number[] } {
  const order = factors.length;
  const components = factors[0]!.map((_, r) => {
    const vectors = factors.map((mode) => mode[r]!);
    const norm = vectors.reduce((product, vector) => product * Math.hypot(...vector), 1);
    const overlap = norm === 0 ? 0 : contract(gradient, vectors) / norm;
    return { norm, velocity: -order * norm ** (2 - 2 / order) * overlap };
  });
  return {
    norms: components.map(({ norm }) => norm),
    velocities: components.map(({ velocity }) => velocity),
  };
}

/** ⟨tensor, v^1 ⊗ ⋯ ⊗ v^N⟩. */
function contract(tensor: Tensor, [vector, ...rest]: readonly (readonly number[])[]): number {
  return tensor.reduce<number>(
    (sum, part, i) => sum + vector![i]! * (typeof part === "number" ? part : contract(part, rest)),
    0,
  );
}
