import { activationName } from "./activation-name.ts";
import type { Layer } from "./layer.ts";

/** A short name of a network for people: `3 × (dense, relu), dense`. */
export function networkName(network: Layer): string {
  return folded(words(network)).join(", ");
}

/** The layers in order, one word each. */
function words(layer: Layer): string[] {
  switch (layer.layer) {
    case "serial":
      return layer.layers.flatMap(words);
    case "activation":
      return [activationName(layer.activation)];
    case "parallel":
      return [`${layer.combine}(${layer.branches.map(networkName).join(" | ")})`];
    case "graph":
      return [`graph of ${layer.nodes.length} nodes`];
    case "scale":
      return [`scale ${layer.factor}`];
    case "dropout":
      return [`dropout ${layer.keep}`];
    case "convolution":
      return [`convolution ${layer.window.join(" × ")}`];
    default:
      return [layer.layer];
  }
}

/** Repetitions of up to four words, told once. */
function folded(list: readonly string[]): string[] {
  const result: string[] = [];
  for (let at = 0; at < list.length;) {
    let [size, times] = [1, 1];
    for (let length = 1; length <= 4; length++) {
      let count = 1;
      const repeats = (from: number): boolean =>
        from + length <= list.length &&
        list.slice(at, at + length).every((word, k) => word === list[from + k]);
      while (repeats(at + count * length)) count++;
      if (count > 1 && count * length > size * times) [size, times] = [length, count];
    }
    const unit = list.slice(at, at + size).join(", ");
    result.push(times === 1 ? unit : `${times} × ${size === 1 ? unit : `(${unit})`}`);
    at += size * times;
  }
  return result;
}
