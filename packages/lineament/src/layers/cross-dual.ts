import type { ActivationInput } from "./activation.ts";
import { nonlinearity } from "./nonlinearity.ts";
import { polarExpectation } from "./polar-rule.ts";
import { activationFunctions } from "./pointwise.ts";

/** What two activations make of one Gaussian pair (u, v) with variances a, b and covariance c. */
export interface CrossDual {
  /** As in `Dual`: `numeric` ones are slow for each entry. */
  readonly form: "closed" | "numeric";
  /** E[φ(u) ψ(v)]. */
  readonly value: (a: number, b: number, c: number) => number;
  /** E[φ′(u) ψ′(v)]. */
  readonly slope: (a: number, b: number, c: number) => number;
}

export function crossDual(first: ActivationInput, second: ActivationInput): CrossDual {
  if (first === second) return nonlinearity(first).dual;
  const f = activationFunctions(first);
  const g = activationFunctions(second);
  return {
    form: "numeric",
    value: (a, b, c) => polarExpectation(f.value, g.value, a, b, c),
    slope: (a, b, c) => polarExpectation(f.slope, g.slope, Math.max(a, 1e-300), Math.max(b, 1e-300), c),
  };
}
