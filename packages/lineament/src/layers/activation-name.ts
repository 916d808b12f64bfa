import type { Activation } from "./activation.ts";

/** What to call a nonlinearity: its name, or the label that a custom one was given. */
export function activationName(activation: Activation): string {
  return "label" in activation ? activation.label : activation.name;
}
