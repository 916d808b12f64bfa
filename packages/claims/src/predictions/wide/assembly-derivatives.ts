import type { TwoLayerDerivatives } from "./two-layer-derivatives.ts";

/** ‖∇f‖ and ‖∇²f‖. */
type Norms = Pick<TwoLayerDerivatives, "gradient" | "hessian">;

/**
 * ‖∇f‖ = (Σ_i w_i² ‖∇g_i‖²)^{1/2} and ‖∇²f‖ = max_i |w_i| ‖∇²g_i‖ of f = Σ_i w_i g_i whose members g_i have parameters of their
 * own: the Hessian of f is block diagonal.
 *
 * @param weights - w, as many as members
 * @see Liu, Zhu & Belkin, arXiv:2203.05104
 */
export function assemblyDerivatives(weights: readonly number[], members: readonly Norms[]): Norms {
  let [squares, largest] = [0, 0];
  members.forEach(({ gradient, hessian }, i) => {
    squares += (weights[i]! * gradient) ** 2;
    largest = Math.max(largest, Math.abs(weights[i]!) * hessian);
  });
  return { gradient: Math.sqrt(squares), hessian: largest };
}
