import { describe, expect, test } from "vitest";
import {
  activation,
  dense,
  erf,
  identity,
  type Layer,
  parallel,
  relu,
  serial,
} from "../../src/layers/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { graphNetwork } from "../../src/networks/graph-network.ts";
import { denseNetwork } from "../../src/networks/dense-network.ts";
import { expectClose, filled, normals } from "../contracts/data.ts";
import { describeModel, type ModelTraits } from "../contracts/model.ts";

const engine = plainEngine();
const tanh = activation("tanh");
const convolution = (padding: "zero" | "circular", window: [number, number], biasStd = 0): Layer => ({
  layer: "convolution",
  window,
  padding,
  weightStd: 1.2,
  biasStd,
});

const image = { height: 4, width: 3, channels: 2 };

interface Example {
  readonly layer: Layer;
  readonly sizes: Parameters<typeof graphNetwork>[2];
  readonly traits?: ModelTraits;
}

const examples: Readonly<Record<string, Example>> = {
  "a residual network": {
    layer: serial(
      dense({ weightStd: Math.SQRT2, biasStd: 0.1 }),
      parallel([identity(), serial(relu(), dense({ biasStd: 0.2 }))]),
      relu(),
      dense(),
    ),
    sizes: { inputs: 3, width: 8 },
    traits: { smooth: false },
  },
  "a concatenation of unequal shares": {
    layer: serial(
      parallel([serial(dense({ biasStd: 0.1 }), tanh), serial(dense(), erf())], "concatenation", [3, 1]),
      dense({ weightStd: 1.5 }),
    ),
    sizes: { inputs: 3, width: 8, outputs: 2 },
  },
  "a product of branches with rates": {
    layer: serial(
      parallel(
        [serial(dense(), tanh, dense({ weightRate: 0.5 })), dense({ biasStd: 0.7, biasRate: 0 })],
        "product",
      ),
      dense(),
    ),
    sizes: { inputs: 3, width: 6 },
  },
  "layer normalization in standard parameterization": {
    layer: serial(
      dense({ parameterization: "standard", biasStd: 0.1 }),
      { layer: "layer-norm", epsilon: 1 },
      tanh,
      { layer: "layer-norm", epsilon: 0.5 },
      { layer: "scale", factor: 0.8 },
      dense({ parameterization: "standard" }),
    ),
    sizes: { inputs: 3, width: 12, outputs: 2 },
  },
  "a graph of named nodes": {
    layer: {
      layer: "graph",
      nodes: [
        { name: "stem", inputs: ["input"], combine: "sum", layer: serial(dense(), tanh) },
        {
          name: "gate",
          inputs: ["input"],
          combine: "sum",
          layer: serial(dense({ biasStd: 1 }), activation("gelu")),
        },
        { name: "gated", inputs: ["stem", "gate"], combine: "product", layer: identity() },
        { name: "unused", inputs: ["gated"], combine: "sum", layer: dense() },
        { name: "out", inputs: ["gated", "stem", "gated"], combine: "sum", layer: dense() },
      ],
      output: "out",
    },
    sizes: { inputs: 2, width: 5 },
  },
  "a convolutional network with zero padding, flattened": {
    layer: serial(
      convolution("zero", [3, 3], 0.3),
      tanh,
      parallel([identity(), convolution("zero", [1, 3])]),
      { layer: "flatten" },
      dense(),
    ),
    sizes: { inputs: 24, width: 3, outputs: 2, image },
  },
  "a convolutional network with circular padding, normalized and pooled": {
    layer: serial(
      convolution("circular", [3, 1]),
      { layer: "layer-norm", epsilon: 1 },
      tanh,
      { layer: "global-average-pool" },
      dense({ biasStd: 0.3 }),
    ),
    sizes: { inputs: 24, width: 4, image },
  },
};

for (const [name, { layer, sizes, traits }] of Object.entries(examples))
  describeModel(
    name,
    () => {
      const model = graphNetwork(engine, layer, sizes);
      return { model, theta: model.initialize(1) };
    },
    traits,
  );
