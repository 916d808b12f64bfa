import type { ActivationChoice } from "./activation.ts";
import { nonlinearity } from "./nonlinearity.ts";
import { activationFunctions } from "./pointwise.ts";
import { polarRules, type PolarRules } from "./polar-dual.ts";

/** The quadrature of two activations, whether or not they have a closed form. */
export function crossRules(first: ActivationChoice, second: ActivationChoice): PolarRules {
  const growth = Math.max(nonlinearity(first).growth ?? 0, nonlinearity(second).growth ?? 0);
  return polarRules(activationFunctions(first), activationFunctions(second), growth);
}
