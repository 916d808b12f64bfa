import { z } from "zod";
import { Activation, type ActivationInput } from "./activation.ts";

/**
 * A fully connected layer, z = (σ_w/√n) W h + σ_b β with W, β ~ N(0, 1) in NTK parameterization. In standard
 * parameterization W ~ N(0, σ_w²/n), β ~ N(0, σ_b²) and z = W h + β. Learning rates multiply the gradient of each tensor;
 * 0 freezes it.
 */
export interface Dense {
  readonly layer: "dense";
  /** σ_w. */
  readonly weightStd: number;
  /** σ_b. */
  readonly biasStd: number;
  readonly parameterization: "ntk" | "standard";
  /** ρ_w. */
  readonly weightRate: number;
  /** ρ_b. */
  readonly biasRate: number;
  /** Channels of a finite network, and for standard parameterization the in-width that the NTK of the next layer counts. */
  readonly width?: number | undefined;
}

/** One node of a graph: a layer applied to the sum, product or concatenation of its inputs (`"input"` or earlier nodes). */
export interface GraphNode {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly combine: "sum" | "product" | "concatenation";
  readonly layer: Layer;
}

/** A network as plain data: one description for its infinite limit (`infinite/`) and its finite version (`networks/`). */
export type Layer =
  | Dense
  | { readonly layer: "activation"; readonly activation: Activation }
  | { readonly layer: "identity" }
  | { readonly layer: "scale"; readonly factor: number }
  | { readonly layer: "layer-norm"; readonly epsilon: number }
  /** Rows of the training kernel only: keeps a feature with probability `keep`, divided by `keep`. */
  | { readonly layer: "dropout"; readonly keep: number }
  | { readonly layer: "serial"; readonly layers: readonly Layer[] }
  | {
      readonly layer: "parallel";
      readonly branches: readonly Layer[];
      readonly combine: "sum" | "product" | "concatenation";
      /** Shares of the concatenated channels; equal when absent. */
      readonly fractions?: readonly number[] | undefined;
    }
  | { readonly layer: "graph"; readonly nodes: readonly GraphNode[]; readonly output: string }
  | {
      readonly layer: "convolution";
      /** Rows and columns of the filter, odd. */
      readonly window: readonly [number, number];
      readonly padding: "zero" | "circular";
      readonly weightStd: number;
      readonly biasStd: number;
      readonly width?: number | undefined;
    }
  | { readonly layer: "flatten" }
  | { readonly layer: "global-average-pool" };

const positive = z.number().positive();
const nonnegative = z.number().nonnegative();

/** Checks a network that comes from outside, and fills in defaults. */
export const Layer: z.ZodType<Layer> = z.lazy(() =>
  z.discriminatedUnion("layer", [
    z.strictObject({
      layer: z.literal("dense"),
      weightStd: nonnegative.default(1),
      biasStd: nonnegative.default(0),
      parameterization: z.enum(["ntk", "standard"]).default("ntk"),
      weightRate: nonnegative.default(1),
      biasRate: nonnegative.default(1),
      width: z.int().positive().optional(),
    }),
    z.strictObject({ layer: z.literal("activation"), activation: Activation }),
    z.strictObject({ layer: z.literal("identity") }),
    z.strictObject({ layer: z.literal("scale"), factor: z.number() }),
    z.strictObject({ layer: z.literal("layer-norm"), epsilon: nonnegative.default(1e-12) }),
    z.strictObject({ layer: z.literal("dropout"), keep: z.number().gt(0).max(1) }),
    z.strictObject({ layer: z.literal("serial"), layers: z.array(Layer) }),
    z.strictObject({
      layer: z.literal("parallel"),
      branches: z.array(Layer).min(1),
      combine: z.enum(["sum", "product", "concatenation"]),
      fractions: z.array(positive).optional(),
    }),
    z.strictObject({
      layer: z.literal("graph"),
      nodes: z
        .array(
          z.strictObject({
            name: z.string().min(1),
            inputs: z.array(z.string()).min(1),
            combine: z.enum(["sum", "product", "concatenation"]).default("sum"),
            layer: Layer,
          }),
        )
        .min(1),
      output: z.string(),
    }),
    z.strictObject({
      layer: z.literal("convolution"),
      window: z.tuple([z.int().positive(), z.int().positive()]),
      padding: z.enum(["zero", "circular"]).default("zero"),
      weightStd: nonnegative.default(1),
      biasStd: nonnegative.default(0),
      width: z.int().positive().optional(),
    }),
    z.strictObject({ layer: z.literal("flatten") }),
    z.strictObject({ layer: z.literal("global-average-pool") }),
  ]),
);

/** A fully connected layer; σ_w = 1, σ_b = 0, NTK parameterization, everything trained unless said otherwise. */
export function dense(options: Partial<Omit<Dense, "layer">> = {}): Layer {
  return Layer.parse({ layer: "dense", ...options });
}

/** A nonlinearity by name, `activation("relu")`, or with parameters, `activation({ name: "erf", frequency: 2 })`. */
export function activation(chosen: ActivationInput | ActivationInput["name"]): Layer {
  return {
    layer: "activation",
    activation: Activation.parse(typeof chosen === "string" ? { name: chosen } : chosen),
  };
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
  return Layer.parse({ layer: "parallel", branches, combine, ...(fractions ? { fractions } : {}) });
}

/** `count` copies of a layer, one after the other (each with parameters of its own). */
export function repeat(count: number, layer: Layer): Layer {
  return serial(...Array.from({ length: count }, () => layer));
}

/**
 * L times (dense, activation), then one more dense layer: the fully connected network of `hiddenLayers` = L.
 * Weight variance 2 keeps the variance of relu layers.
 */
export function fullyConnected(
  hiddenLayers: number,
  chosen: ActivationInput | ActivationInput["name"],
  options: Partial<Omit<Dense, "layer">> = {},
): Layer {
  return serial(repeat(hiddenLayers, serial(dense(options), activation(chosen))), dense(options));
}
