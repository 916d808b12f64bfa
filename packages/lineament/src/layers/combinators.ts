import type { ActivationChoice } from "./activation.ts";
import { checkedActivation } from "./checked-activation.ts";
import { checkedLayer } from "./checked-layer.ts";
import type { Dense, GraphNode, Layer } from "./layer.ts";

// Descriptions of networks by function calls. All throw a RangeError that names the call and the value that does not fit.

type Of<Name extends Layer["layer"]> = Extract<Layer, { layer: Name }>;
type Options<Name extends Layer["layer"]> = Partial<Omit<Of<Name>, "layer">>;

/** A fully connected layer; σ_w = 1, σ_b = 0, NTK parameterization, everything trained unless said otherwise. */
export function dense(options: Partial<Omit<Dense, "layer">> = {}): Layer {
  return checkedLayer("dense", { ...options, layer: "dense" } as Layer);
}

/** A convolution over the pixels of an image; σ_w = 1, σ_b = 0, zero padding unless said otherwise. */
export function convolution(options: Options<"convolution"> & Pick<Of<"convolution">, "window">): Layer {
  return checkedLayer("convolution", { ...options, layer: "convolution" } as Layer);
}

/** A nonlinearity by name, `activation("relu")`, or with parameters, `activation({ name: "erf", frequency: 2 })`. */
export function activation(chosen: ActivationChoice): Layer {
  return { layer: "activation", activation: checkedActivation("activation", chosen) };
}

export function relu(): Layer {
  return activation("relu");
}

export function erf(): Layer {
  return activation("erf");
}

export function identity(): Layer {
  return { layer: "identity" };
}

/** Multiplies by a number. */
export function scale(factor: number): Layer {
  return checkedLayer("scale", { layer: "scale", factor });
}

/** Normalizes mean and variance over the channels; ε = 1e-12 is added to the variance unless said otherwise. */
export function layerNorm(epsilon = 1e-12): Layer {
  return checkedLayer("layerNorm", { layer: "layer-norm", epsilon });
}

/** Keeps a feature with probability `keep` (not: drops), in the kernels of training rows. */
export function dropout(keep: number): Layer {
  return checkedLayer("dropout", { layer: "dropout", keep });
}

/** The channels of all pixels, side by side. */
export function flatten(): Layer {
  return { layer: "flatten" };
}

/** The mean over all pixels. */
export function globalAveragePool(): Layer {
  return { layer: "global-average-pool" };
}

/** One layer after the other. */
export function serial(...layers: readonly Layer[]): Layer {
  return { layer: "serial", layers };
}

/** The same input through several branches, added up (or multiplied, or side by side). */
export function parallel(
  branches: readonly Layer[],
  combine: "sum" | "product" | "concatenation" = "sum",
  fractions?: readonly number[],
): Layer {
  return checkedLayer("parallel", {
    layer: "parallel",
    branches,
    combine,
    ...(fractions ? { fractions } : {}),
  });
}

/** Nodes that read `"input"` or earlier nodes, combined by their sum unless said otherwise; the network's output is one of them. */
export function graph(
  output: string,
  nodes: readonly (Omit<GraphNode, "combine"> & Partial<Pick<GraphNode, "combine">>)[],
): Layer {
  return checkedLayer("graph", { layer: "graph", nodes, output } as Layer);
}

/** `count` copies of a layer, one after the other (each with parameters of its own). */
export function repeat(count: number, layer: Layer): Layer {
  checkCopies("repeat", "count", count);
  return serial(...Array.from({ length: count }, () => layer));
}

/**
 * L times (dense, activation), then one more dense layer: the fully connected network of `hiddenLayers` = L.
 * Weight variance 2 keeps the variance of relu layers.
 */
export function fullyConnected(
  hiddenLayers: number,
  chosen: ActivationChoice,
  options: Partial<Omit<Dense, "layer">> = {},
): Layer {
  checkCopies("fullyConnected", "hiddenLayers", hiddenLayers);
  return serial(repeat(hiddenLayers, serial(dense(options), activation(chosen))), dense(options));
}

function checkCopies(call: string, name: string, count: number): void {
  if (!(Number.isInteger(count) && count >= 0))
    throw new RangeError(`${call}: ${name} is ${count}, expected a whole number of at least 0`);
}
