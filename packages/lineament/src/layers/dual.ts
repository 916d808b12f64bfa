import type { ActivationChoice, Dual } from "./activation.ts";
import { nonlinearity } from "./nonlinearity.ts";

/**
 * The dual of an activation: κ = E[φ(u) φ(v)] and κ̇ = E[φ′(u) φ′(v)] for Gaussian (u, v) with variances a, b ≥ 0 and
 * covariance c, with moments. Call it once; its methods are made for inner loops and check nothing: |c| > √(ab), which
 * rounding makes, counts as √(ab), and where ab = 0 the angle of a kink is π/2.
 *
 * Closed forms (errors near 1e-15 of the largest value) for all but tanh, sigmoid, softplus, swish, mish, elu, selu and custom,
 * which are integrated numerically: errors and cost in `polarRule`; for whole matrices use `tabulatedDual`.
 * @throws RangeError for unknown names and parameters
 */
export function dualOf(activation: ActivationChoice): Dual {
  return nonlinearity(activation).dual;
}
