import type { ActivationChoice, Pointwise } from "./activation.ts";
import { nonlinearity } from "./nonlinearity.ts";
import { activationFunctions } from "./pointwise.ts";
import { polarRules, type PolarRules } from "./polar-dual.ts";

/** What quadrature needs to know of two activations. */
export interface FunctionPair {
  readonly functions: readonly [Pointwise, Pointwise];
  /** B when both grow like e^(B|x|) at most. */
  readonly growth: number;
}

export function functionPair(first: ActivationChoice, second: ActivationChoice): FunctionPair {
  return {
    functions: [activationFunctions(first), activationFunctions(second)],
    growth: Math.max(nonlinearity(first).growth ?? 0, nonlinearity(second).growth ?? 0),
  };
}

/** The quadrature of two activations at each entry, whether or not they have a closed form. */
export function crossRules(first: ActivationChoice, second: ActivationChoice): PolarRules {
  const { functions, growth } = functionPair(first, second);
  return polarRules(...functions, growth);
}
