import { Activation, type ActivationChoice } from "./activation.ts";
import { wrongPlace } from "./wrong-place.ts";

/**
 * A nonlinearity by name or with parameters, with its defaults filled in.
 * @param call - who asks, for the message
 * @throws RangeError naming the parameter that is wrong, or the nearest name
 */
export function checkedActivation(call: string, chosen: ActivationChoice): Activation {
  const parsed = Activation.safeParse(typeof chosen === "string" ? { name: chosen } : chosen);
  if (parsed.success) return parsed.data;
  throw new RangeError(`${call}: ${wrongPlace(parsed.error, "activation")}`);
}
