import { Layer } from "./layer.ts";

/**
 * A network that comes from outside, with its defaults filled in.
 * @param call - who asks, for the message
 * @throws RangeError naming the first place that is wrong, like `layers[1].width`
 */
export function checkedLayer(call: string, description: Layer): Layer {
  const parsed = Layer.safeParse(description);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  throw new RangeError(`${call}: ${place.replace(/^\./, "") || "the description"} is wrong: ${message}`);
}
