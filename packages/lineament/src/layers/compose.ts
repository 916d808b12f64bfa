import type { Activation, ActivationChoice } from "./activation.ts";
import { activationName } from "./activation-name.ts";
import { checkedActivation } from "./checked-activation.ts";
import { activationFunctions } from "./pointwise.ts";

/**
 * Two activations in a row, x ↦ φ₂(φ₁(x)), as one custom activation named "φ₂∘φ₁" with slope and curvature by the chain rule:
 * what two activation layers without a dense layer between them are. Its dual is numeric, and accurate where the composition
 * is smooth on each half-line: kinks of φ₂ must be met at φ₁ = 0 with φ₁ zero at x = 0 or nowhere.
 */
export function compose(inner: ActivationChoice, outer: ActivationChoice): Activation {
  const first = checkedActivation("compose", inner);
  const second = checkedActivation("compose", outer);
  if (first.name === "identity") return second;
  if (second.name === "identity") return first;
  const f = activationFunctions(first);
  const g = activationFunctions(second);
  return {
    name: "custom",
    label: `${activationName(second)}∘${activationName(first)}`,
    value: (x) => g.value(f.value(x)),
    slope: (x) => g.slope(f.value(x)) * f.slope(x),
    curvature: (x) => g.curvature(f.value(x)) * f.slope(x) ** 2 + g.slope(f.value(x)) * f.curvature(x),
  };
}
