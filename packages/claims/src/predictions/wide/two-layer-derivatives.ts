import type { TwoLayers } from "../quadratic-term.ts";
import type { Nonlinearity } from "./nonlinearity.ts";

/**
 * What the closed forms say of f(x) = (1/√m) Σ_i v_i σ(a_i), a_i = ⟨u_i, x⟩/√d, at one input, as a function of all u_i and v_i.
 */
export interface TwoLayerDerivatives {
  /** f. */
  readonly value: number;
  /** ‖∇f‖ = √K(x, x) with the tangent kernel K = (1/m) Σ_i (σ(a_i)² + c v_i² σ′(a_i)²), c = ‖x‖²/d. */
  readonly gradient: number;
  /**
   * ‖H‖ of the Hessian H = ∇²f: neurons do not interact in it, and each has eigenvalues (p_i ± √(p_i² + 4q_i²))/(2√m) with
   * p_i = v_i σ″(a_i) c and q_i = σ′(a_i) √c, so that ‖H‖ = max_i ½(|p_i| + √(p_i² + 4q_i²))/√m.
   */
  readonly hessian: number;
  /** ‖H ∇f‖, of order 1/√m too. */
  readonly hessianGradient: number;
}

/**
 * The output of a network with one hidden layer and its first two derivatives in the parameters.
 *
 * @param network - m rows u_i, and v
 * @param x - d numbers
 * @see Liu, Zhu & Belkin, arXiv:2010.01092
 */
export function twoLayerDerivatives(
  { weights, readout }: TwoLayers,
  x: readonly number[],
  { value, slope, curvature }: Nonlinearity,
): TwoLayerDerivatives {
  const [m, d] = [weights.length, x.length];
  const c = x.reduce((sum, entry) => sum + entry ** 2, 0) / d;
  let [output, kernel, largest, squares] = [0, 0, 0, 0];
  weights.forEach((u, i) => {
    const a = u.reduce((sum, weight, j) => sum + weight * x[j]!, 0) / Math.sqrt(d);
    const v = readout[i]!;
    const [s, s1, s2] = [value(a), slope(a), curvature(a)];
    output += v * s;
    kernel += s ** 2 + c * (v * s1) ** 2;
    const [p, q] = [v * s2 * c, s1 * Math.sqrt(c)];
    largest = Math.max(largest, (Math.abs(p) + Math.hypot(p, 2 * q)) / 2);
    // The block of neuron i acts on its part of ∇f, (v σ′ x/√d, σ).
    squares += (v * s1 * p + s * s1) ** 2 * c + (v * s1 * s1 * c) ** 2;
  });
  return {
    value: output / Math.sqrt(m),
    gradient: Math.sqrt(kernel / m),
    hessian: largest / Math.sqrt(m),
    hessianGradient: Math.sqrt(squares) / m,
  };
}
