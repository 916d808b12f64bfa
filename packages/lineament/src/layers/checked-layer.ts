import { Layer } from "./layer.ts";
import { wrongPlace } from "./wrong-place.ts";

/**
 * A network that comes from outside, with its defaults filled in.
 * @param call - who asks, for the message
 * @throws RangeError naming the first place that is wrong, like `layers[1].width`
 */
export function checkedLayer(call: string, description: Layer): Layer {
  const parsed = Layer.safeParse(description);
  if (parsed.success) return parsed.data;
  throw new RangeError(`${call}: ${wrongPlace(parsed.error)}`);
}
