/** How networks with bottlenecks depend on their weights near the start. */
export interface BottleneckLaw {
  /** B: the degree of the polynomial that is left as m → ∞. */
  readonly degree: number;
  /** The exponent of m by which the coefficient of degree B + 1 vanishes along the gradients of the blocks. */
  readonly nextExponent: number;
  /** The exponent of m of ‖∂²f/∂θ_j²‖ in one block, and of ‖∂²f/∂θ_i ∂θ_j‖ across two. */
  readonly hessianExponents: { readonly within: number; readonly across: number };
}

/**
 * In a ball of fixed radius, as the widths m of all layers but B − 1 bottlenecks of fixed width grow, a network becomes linear in
 * the weights of each of the B blocks that the bottlenecks separate: a multilinear function, of degree B whatever the depth. What is
 * of higher degree vanishes as 1/√m at least, in the direction of the gradients as 1/m.
 *
 * @see Liu, Zhu & Belkin, arXiv:2206.15058
 */
export function bottleneckLaw(bottlenecks: number): BottleneckLaw {
  return { degree: bottlenecks + 1, nextExponent: -1, hessianExponents: { within: -1 / 2, across: 0 } };
}
