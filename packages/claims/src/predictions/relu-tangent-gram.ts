import { stepKernel } from "./closed-form-kernels.ts";
import { dot } from "./dot.ts";

/**
 * H^∞_ij = ⟨x_i, x_j⟩ (π − θ_ij)/(2π), θ_ij the angle between inputs: the limit of the tangent kernel of
 * f = m^{−1/2} Σ_r a_r ReLU(⟨w_r, x⟩) in its first layer, w ~ N(0, I), a_r = ±1.
 *
 * @param x - n rows of d numbers
 * @see Du, Zhai, Póczos & Singh, arXiv:1810.02054; claim LZ-20
 */
export function reluTangentGram(x: readonly (readonly number[])[]): number[][] {
  return x.map((row) =>
    x.map((other) => dot(row, other) * stepKernel(dot(row, row), dot(other, other), dot(row, other))),
  );
}

/**
 * The bounds for gradient descent with step η on ½ ‖u − y‖² with n inputs of norm 1 and width m, λ_0 = λ_min(H^∞):
 * ‖u_k − y‖² ≤ (1 − ηλ_0/2)^k ‖u_0 − y‖², and no neuron moves farther than 4 √n ‖y − u_0‖ / (√m λ_0).
 */
export function reluConvergenceBounds(setting: {
  readonly lambda0: number;
  readonly step: number;
  readonly n: number;
  readonly width: number;
  /** ‖y − u_0‖. */
  readonly startResidual: number;
}): { readonly movement: number; readonly squaredResidual: (steps: number) => number } {
  const { lambda0, step, n, width, startResidual } = setting;
  return {
    movement: (4 * Math.sqrt(n) * startResidual) / (Math.sqrt(width) * lambda0),
    squaredResidual: (steps) => (1 - (step * lambda0) / 2) ** steps * startResidual ** 2,
  };
}
