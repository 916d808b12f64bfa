import type { ActivationChoice } from "./activation.ts";
import { checkedActivation } from "./checked-activation.ts";

const numbers = new WeakMap<object, number>();
let last = 0;

/** The same text for activations of one name, the same parameters and the same functions; another for others. */
export function activationKey(chosen: ActivationChoice): string {
  return JSON.stringify(checkedActivation("activation", chosen), (_, part: unknown) =>
    typeof part === "function" ? `function ${numberOf(part)}` : part,
  );
}

function numberOf(key: object): number {
  const known = numbers.get(key) ?? ++last;
  numbers.set(key, known);
  return known;
}
