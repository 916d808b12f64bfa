/** Powers of the width N in what training does to a network. */
export interface LazyExponents {
  /** ‖θ_t − θ_0‖ / ‖θ_0‖. */
  readonly movement: number;
  /** Distance of the outputs from those of the linearized network. */
  readonly gap: number;
  /** ‖K_t − K_0‖ / ‖K_0‖ of the tangent kernel. */
  readonly kernel: number;
}

/**
 * How training of f = γ Σ_i a_i σ(⟨w_i, x⟩) with N neurons and γ = N^−a depends on N. Weights move by the lazy parameter 1/(γN), and
 * so does the kernel, to first order:
 *
 * - coherent: the first-order changes of all neurons add up (ReLU, all a_i = +1), and the outputs follow
 * - canceling: they have random signs (smooth σ and random a_i, or odd σ), and the next order, 1/(γN)², is what is left
 *
 * @param a - from 1/2, the kernel regime, to 1, mean field, where nothing depends on N
 * @throws RangeError for other a
 * @see claim LZ-14; the upper bounds are Theorem 3 of the lecture
 */
export function lazyExponents(a: number, changes: "coherent" | "canceling"): LazyExponents {
  if (!(a >= 0.5 && a <= 1)) throw new RangeError(`lazyExponents: a = ${a}; give a number in [1/2, 1]`);
  const movement = a - 1;
  const change = changes === "coherent" ? movement : 2 * movement;
  return { movement, gap: change, kernel: change };
}
