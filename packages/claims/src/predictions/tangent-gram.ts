import type { KernelForm } from "./closed-form-kernels.ts";
import { dot } from "./dot.ts";

/**
 * ⟨x_i, x_j⟩ E[σ′(u) σ′(v)] with (u, v) = (⟨w, x_i⟩, ⟨w, x_j⟩), w ~ N(0, I/d): the limit of J_0 J_0ᵀ/N, J_0 the first-layer Jacobian of
 * Σ_{i ≤ N} a_i σ(⟨w_i, x⟩) with a_i = ±1. Its eigenvalues are the limits of the squared singular values of J_0 over N.
 *
 * @param x - n rows of d numbers
 * @param slope - E[σ′(u) σ′(v)]
 * @see claim LZ-19
 */
export function tangentGram(x: readonly (readonly number[])[], slope: KernelForm): number[][] {
  return x.map((row) =>
    x.map((other) => {
      const [a, b, c] = [dot(row, row), dot(other, other), dot(row, other)];
      const d = row.length;
      return c * slope(a / d, b / d, c / d);
    }),
  );
}
