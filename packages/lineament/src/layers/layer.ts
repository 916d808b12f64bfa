import { z } from "zod";
import { Activation } from "./activation.ts";
import { unknownKind } from "./unknown-name.ts";
import { wrongNode } from "./wrong-node.ts";

/**
 * A fully connected layer, z = (σ_w/√n) W h + σ_b β with W, β ~ N(0, 1) in NTK parameterization. In standard
 * parameterization W ~ N(0, σ_w²/n), β ~ N(0, σ_b²) and z = W h + β. Without σ_b there are no biases. Learning rates multiply
 * the gradient of each tensor; 0 freezes it.
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

/** How a row of x is an image: pixel after pixel, row by row, the channels of a pixel next to each other. */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A network as plain data: one description for its infinite limit (`infinite/`) and its finite version (`networks/`). */
export type Layer =
  | Dense
  | { readonly layer: "activation"; readonly activation: Activation }
  | { readonly layer: "identity" }
  | { readonly layer: "scale"; readonly factor: number }
  /** (h − mean)/√(variance + ε) over the channels (of each pixel). */
  | { readonly layer: "layer-norm"; readonly epsilon: number }
  /**
   * Keeps a feature with probability `keep`, divided by `keep`, anew for every row: in the kernel of training rows, where it
   * divides variances by `keep`. Finite networks and rows to predict have none.
   */
  | { readonly layer: "dropout"; readonly keep: number }
  | { readonly layer: "serial"; readonly layers: readonly Layer[] }
  | {
      readonly layer: "parallel";
      readonly branches: readonly Layer[];
      readonly combine: "sum" | "product" | "concatenation";
      /** The branches' shares of the concatenated channels, up to a common factor; equal when absent. */
      readonly fractions?: readonly number[] | undefined;
    }
  /** `output` is the name of a node. */
  | { readonly layer: "graph"; readonly nodes: readonly GraphNode[]; readonly output: string }
  /** z(p) = (σ_w/√(n · window)) Σ_δ W_δ h(p + δ) + σ_b β over the pixels p + δ of the window around p, in NTK parameterization. */
  | {
      readonly layer: "convolution";
      /** Rows and columns of the filter, odd. */
      readonly window: readonly [number, number];
      /** Pixels outside of the image are 0, or those of the other side. */
      readonly padding: "zero" | "circular";
      readonly weightStd: number;
      readonly biasStd: number;
      readonly width?: number | undefined;
    }
  /** The channels of all pixels, side by side. */
  | { readonly layer: "flatten" }
  /** The mean over all pixels. */
  | { readonly layer: "global-average-pool" };

const positive = z.number().positive();
const nonnegative = z.number().nonnegative();
const odd = z
  .int()
  .positive()
  .refine((side) => side % 2 === 1, "expected an odd number, so that the window has a middle");

/** Checks a network that comes from outside, and fills in defaults. */
export const Layer: z.ZodType<Layer> = z.lazy(() =>
  z.discriminatedUnion(
    "layer",
    [
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
      z
        .strictObject({
          layer: z.literal("parallel"),
          branches: z.array(Layer).min(1),
          combine: z.enum(["sum", "product", "concatenation"]).default("sum"),
          fractions: z.array(positive).optional(),
        })
        .refine(
          ({ branches, combine, fractions }) =>
            fractions === undefined || (combine === "concatenation" && fractions.length === branches.length),
          {
            path: ["fractions"],
            error: "a concatenation takes one for each branch, sums and products take none",
          },
        ),
      z
        .strictObject({
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
        })
        .superRefine(({ nodes, output }, context) => {
          const wrong = wrongNode(nodes, output);
          if (wrong) context.addIssue({ code: "custom", message: wrong.message, path: [...wrong.path] });
        }),
      z.strictObject({
        layer: z.literal("convolution"),
        window: z.tuple([odd, odd]),
        padding: z.enum(["zero", "circular"]).default("zero"),
        weightStd: nonnegative.default(1),
        biasStd: nonnegative.default(0),
        width: z.int().positive().optional(),
      }),
      z.strictObject({ layer: z.literal("flatten") }),
      z.strictObject({ layer: z.literal("global-average-pool") }),
    ],
    { error: unknownKind("layer", "layer") },
  ),
);
