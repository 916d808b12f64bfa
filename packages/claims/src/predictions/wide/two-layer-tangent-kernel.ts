import { dot } from "../dot.ts";
import type { TwoLayers } from "../quadratic-term.ts";
import type { Nonlinearity } from "./nonlinearity.ts";

/** Outputs and tangent kernel of a finite network at n points. */
export interface TwoLayerKernel {
  /** n numbers. */
  readonly outputs: readonly number[];
  /** n rows of n numbers. */
  readonly kernel: readonly (readonly number[])[];
}

/**
 * f(x) = (1/√m) Σ_k v_k σ(a_k) with a_k = ⟨u_k, x⟩/√d, and its tangent kernel in all u_k and v_k,
 * K(x, z) = (1/m) Σ_k [σ(a_k) σ(b_k) + (⟨x, z⟩/d) v_k² σ′(a_k) σ′(b_k)], at the rows of x.
 *
 * @see Jacot et al., arXiv:1806.07572
 */
export function twoLayerTangentKernel(
  { weights, readout }: TwoLayers,
  x: readonly (readonly number[])[],
  { value, slope }: Nonlinearity,
): TwoLayerKernel {
  const m = weights.length;
  const d = x[0]!.length;
  const preactivations = x.map((point) => weights.map((u) => dot(u, point) / Math.sqrt(d)));
  const values = preactivations.map((a) => a.map(value));
  const slopes = preactivations.map((a) => a.map((z, k) => readout[k]! * slope(z)));
  return {
    outputs: values.map((s) => dot(readout, s) / Math.sqrt(m)),
    kernel: x.map((left, i) =>
      x.map(
        (right, j) =>
          (dot(values[i]!, values[j]!) + (dot(left, right) / d) * dot(slopes[i]!, slopes[j]!)) / m,
      ),
    ),
  };
}
