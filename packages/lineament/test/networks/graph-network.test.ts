import fc from "fast-check";
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
import { describeModel, dot, type ModelTraits } from "../contracts/model.ts";

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

/** Any network: smooth activations, norms, biases, sums, products and concatenations in each other. */
const anyLayer = fc.letrec<{ layer: Layer }>((tie) => {
  const some = fc.array(tie("layer"), { minLength: 1, maxLength: 3 });
  const start = fc.record({
    biasStd: fc.constantFrom(0, 0.5),
    parameterization: fc.constantFrom("ntk", "standard"),
  });
  const free = fc.tuple(start, tie("layer"), start).map(([a, layer, b]) => serial(dense(a), layer, dense(b)));
  return {
    layer: fc.oneof(
      { depthSize: "small" },
      start.map(dense),
      fc.constantFrom("tanh", "gelu", "sin", "softplus").map((name) => activation(name)),
      fc.constantFrom<Layer>(
        identity(),
        { layer: "scale", factor: -0.7 },
        { layer: "layer-norm", epsilon: 1 },
      ),
      some.map((layers) => serial(...layers)),
      fc.tuple(some, fc.constantFrom("sum", "product")).map(([branches, how]) => parallel(branches, how)),
      fc.array(free, { minLength: 1, maxLength: 3 }).map((branches) => parallel(branches, "concatenation")),
    ),
  };
}).layer;

test("in every network the ways forward and back agree, and Hessians are symmetric", async () => {
  await fc.assert(
    fc.asyncProperty(anyLayer, fc.nat(), async (layer, seed) => {
      const model = graphNetwork(engine, serial(dense(), layer, dense()), {
        inputs: 3,
        width: 6,
        outputs: 2,
      });
      const theta = model.initialize(seed);
      const [x, r] = [normals(3, 3, seed + 1), normals(3, 2, seed + 2)];
      const [v, w] = [2, 3].map((shift) => normals(1, theta.length, seed + shift).data) as [
        Float64Array,
        Float64Array,
      ];
      const gradient = await (await model.pullback(theta, x)).pull(r);
      const [, first, second] = await model.jet(theta, x, v, 2);
      const [hv, hw] = [await model.curvature(theta, x, r, v), await model.curvature(theta, x, r, w)];
      // Rounding, in units of the sizes of the factors: deep products grow.
      const size = (a: Float64Array, b: Float64Array): number => 1 + Math.sqrt(dot(a, a) * dot(b, b));
      expect(Math.abs(dot(first!.data, r.data) - dot(gradient, v)) / size(gradient, v)).toBeLessThan(1e-12);
      expect(Math.abs(dot(hv, w) - dot(hw, v)) / (size(hv, w) + size(hw, v))).toBeLessThan(1e-12);
      expect(Math.abs(2 * dot(second!.data, r.data) - dot(hv, v)) / size(hv, v)).toBeLessThan(1e-12);
    }),
    { seed: 1 },
  );
});

describe("a chain is the dense network with the same parameters", () => {
  const chains = [
    {
      name: "ntk",
      chosen: { weightStd: 1.3, biasStd: 0.2, weightRate: 0.5 },
      parameterization: { kind: "ntk", weightStd: 1.3, biasStd: 0.2 },
    },
    {
      name: "standard",
      chosen: { parameterization: "standard", weightStd: 1.3, biasStd: 0.2, weightRate: 0.5 },
      parameterization: { kind: "standard", weightStd: 1.3, biasStd: 0.2 },
    },
  ] as const;
  const graphs = chains.map(({ chosen }) =>
    graphNetwork(engine, serial(dense(chosen), tanh, dense({ ...chosen, width: 5 }), tanh, dense(chosen)), {
      inputs: 3,
      width: 7,
      outputs: 2,
    }),
  );
  const explicit = chains.map(({ parameterization }) =>
    denseNetwork(engine, {
      inputs: 3,
      widths: [7, 5],
      outputs: 2,
      activation: "tanh",
      parameterization,
      weightRates: 0.5,
    }),
  );
  const [x, r] = [normals(4, 3, 1), normals(4, 2, 2)];

  test.for(chains.map(({ name }, at) => [name, at] as const))(
    "%s: values and derivatives",
    async ([, at]) => {
      const [a, b] = [graphs[at]!, explicit[at]!];
      const theta = b.initialize(3);
      const v = normals(1, b.parameters, 4).data;
      expect(a.rates).toEqual(b.rates);
      expectClose((await a.value(theta, x)).data, (await b.value(theta, x)).data, 1e-12);
      const pulled = await (await b.pullback(theta, x)).pull(r);
      expectClose(await (await a.pullback(theta, x)).pull(r), pulled, 1e-12);
      expectClose(await a.curvature(theta, x, r, v), await b.curvature(theta, x, r, v), 1e-12);
      const [jet, expected] = [await a.jet(theta, x, v, 5), await b.jet(theta, x, v, 5)];
      jet.forEach((coefficient, k) => expectClose(coefficient.data, expected[k]!.data, 1e-12));
    },
  );

  test("and the same start from the same seed", () => {
    graphs.forEach((graph, at) => expectClose(graph.initialize(5), explicit[at]!.initialize(5), 1e-15));
  });
});

describe("convolutions", () => {
  const x = normals(2, 24, 9);
  /** Entry of example i at a pixel (0 outside, or wrapped around) and channel. */
  const pixel = (i: number, row: number, col: number, channel: number, circular: boolean): number => {
    const [r, c] = circular ? [(row + 4) % 4, (col + 3) % 3] : [row, col];
    return r < 0 || r >= 4 || c < 0 || c >= 3 ? 0 : x.data[i * 24 + (r * 3 + c) * 2 + channel]!;
  };

  test.for(["zero", "circular"] as const)("with %s padding are sums over windows", async (padding) => {
    const layer = serial(convolution(padding, [3, 1], 0.3), { layer: "flatten" });
    const model = graphNetwork(engine, layer, { inputs: 24, outputs: 12 * 5, image });
    const theta = model.initialize(1);
    const [weights, biases] = [theta.subarray(0, 30), theta.subarray(30)]; // 5 × (3 pixels × 2 channels), 5
    const expected = filled(2, 60, (i, at) => {
      const [row, col, out] = [Math.floor(at / 15), Math.floor(at / 5) % 3, at % 5];
      let sum = 0;
      for (let k = 0; k < 6; k++)
        sum +=
          weights[out * 6 + k]! * pixel(i, row + Math.floor(k / 2) - 1, col, k % 2, padding === "circular");
      return (1.2 / Math.sqrt(6)) * sum + 0.3 * biases[out]!;
    });
    expectClose((await model.value(theta, x)).data, expected.data, 1e-14);
  });

  test("circular ones, pooled, do not see where things are", async () => {
    const { layer, sizes } =
      examples["a convolutional network with circular padding, normalized and pooled"]!;
    const model = graphNetwork(engine, layer, sizes);
    const theta = model.initialize(2);
    const shifted = filled(2, 24, (i, at) =>
      pixel(i, Math.floor(at / 6) + 1, (Math.floor(at / 2) + 1) % 3, at % 2, true),
    );
    expectClose((await model.value(theta, shifted)).data, (await model.value(theta, x)).data, 1e-14);
  });

  test("a window of one pixel, pooled, is a dense layer on the mean pixel", async () => {
    const pool: Layer = { layer: "global-average-pool" };
    const model = graphNetwork(engine, serial(convolution("zero", [1, 1], 0.3), pool), {
      inputs: 24,
      outputs: 4,
      image,
    });
    const theta = model.initialize(3);
    const mean = filled(2, 2, (i, channel) => {
      let sum = 0;
      for (let p = 0; p < 12; p++) sum += x.data[i * 24 + p * 2 + channel]! / 12;
      return sum;
    });
    const layer = graphNetwork(engine, dense({ weightStd: 1.2, biasStd: 0.3 }), { inputs: 2, outputs: 4 });
    expectClose((await model.value(theta, x)).data, (await layer.value(theta, mean)).data, 1e-14);
  });
});

describe("widths", () => {
  const shapes = (
    layer: Layer,
    sizes: Parameters<typeof graphNetwork>[2],
  ): readonly (readonly [number, number])[] =>
    graphNetwork(engine, layer, sizes).matrices.map(({ rows, cols }) => [rows, cols]);

  test("of layers come before the width of the network", () => {
    expect(
      shapes(serial(dense({ width: 4 }), relu(), dense(), relu(), dense()), { inputs: 3, width: 6 }),
    ).toEqual([
      [4, 3],
      [6, 4],
      [1, 6],
    ]);
  });

  test("of branches that are added are the same", () => {
    const branch = serial(relu(), dense());
    expect(
      shapes(serial(dense({ width: 4 }), parallel([identity(), branch]), dense()), { inputs: 3, width: 6 }),
    ).toEqual([
      [4, 3],
      [4, 4],
      [1, 4],
    ]);
    expect(shapes(serial(dense(), parallel([identity(), branch])), { inputs: 3, outputs: 2 })).toEqual([
      [2, 3],
      [2, 2],
    ]);
  });

  test("of concatenated branches are shares of the whole", () => {
    const branches = [dense(), dense(), dense()];
    expect(shapes(serial(parallel(branches, "concatenation"), dense()), { inputs: 3, width: 8 })).toEqual([
      [3, 3],
      [3, 3],
      [2, 3],
      [1, 8],
    ]);
    const fractions = [1 / 2, 1 / 4, 1 / 4];
    expect(
      shapes(serial(parallel([dense({ width: 6 }), dense(), dense()], "concatenation", fractions), dense()), {
        inputs: 3,
      }),
    ).toEqual([
      [6, 3],
      [3, 3],
      [3, 3],
      [1, 12],
    ]);
  });

  test("of one branch are those of the branch", () => {
    expect(shapes(parallel([dense()], "product"), { inputs: 3, outputs: 2 })).toEqual([[2, 3]]);
  });
});

describe("what is not a network is refused, naming the layer and the cure", () => {
  const node = (name: string, inputs: readonly string[], layer: Layer = identity()) =>
    ({ name, inputs, combine: "sum", layer }) as const;
  const graph = (...nodes: readonly ReturnType<typeof node>[]): Layer => ({
    layer: "graph",
    nodes,
    output: nodes.at(-1)!.name,
  });
  const wrong: readonly (readonly [
    string,
    Layer,
    Partial<Parameters<typeof graphNetwork>[2]>,
    readonly string[],
  ])[] = [
    ["a cycle", graph(node("a", ["input", "b"]), node("b", ["a"])), {}, ['node "a"', '"b"', "earlier"]],
    ["a node that reads itself", graph(node("a", ["a"])), {}, ['node "a"', "itself", "earlier"]],
    ["an unknown node", graph(node("a", ["inptu"])), {}, ['node "a"', '"inptu"', '"input"']],
    ["an unknown output", { layer: "graph", nodes: [node("a", ["input"])], output: "b" }, {}, ['"b"', '"a"']],
    ["two nodes of one name", graph(node("a", ["input"]), node("a", ["input"])), {}, ['"a"', "rename"]],
    ["a node without inputs", graph(node("a", [])), {}, ["nodes[0].inputs", ">=1"]],
    ["no branches", { layer: "parallel", branches: [], combine: "sum" }, {}, ["branches", ">=1"]],
    [
      "no layer",
      { layer: "serial", layers: [{ layer: "dens" } as unknown as Layer] },
      {},
      ["layers[0]", "dense"],
    ],
    ["width 0", serial(dense({ width: 3 }), dense()), { width: 0 }, ["width is 0", "≥ 1"]],
    [
      "a layer of width 0",
      serial(identity(), { ...(dense() as Extract<Layer, { layer: "dense" }>), width: 0 }, dense()),
      {},
      ["layers[1].width", ">0"],
    ],
    [
      "no width at all",
      serial(dense(), relu(), dense()),
      { width: undefined },
      ["layers[0] (dense)", "width"],
    ],
    ["no inputs", dense(), { inputs: 0 }, ["inputs is 0"]],
    ["half an output", dense(), { outputs: 0.5 }, ["outputs is 0.5"]],
    [
      "widths that do not match",
      serial(dense({ width: 4 }), parallel([identity(), dense({ width: 5 })]), dense()),
      {},
      ["layers[0] (dense)", "4", "layers[1].branches[1] (dense)", "5", "set the width"],
    ],
    [
      "a residual branch around the wrong number of inputs",
      parallel([identity(), dense()]),
      {},
      ["the input", "3", "outputs: 1"],
    ],
    [
      "shares that contradict the widths",
      serial(parallel([dense({ width: 9 }), dense({ width: 3 })], "concatenation"), dense()),
      {},
      ["layers[0] (concatenation)", "fraction"],
    ],
    [
      "fractions of a sum",
      { layer: "parallel", branches: [dense(), dense()], combine: "sum", fractions: [1, 1] },
      {},
      ["sum", "fractions"],
    ],
    [
      "dropout",
      serial(dense(), { layer: "dropout", keep: 0.5 }, dense()),
      {},
      ["layers[1] (dropout)", "leave it out"],
    ],
    [
      "a convolution without an image",
      serial(convolution("zero", [3, 3]), dense()),
      {},
      ["layers[0] (convolution)", "image"],
    ],
    [
      "a convolution after flattening",
      serial({ layer: "flatten" }, convolution("zero", [3, 3])),
      { inputs: 24, image },
      ["layers[1] (convolution)", "before flattening"],
    ],
    [
      "an even window",
      serial(convolution("zero", [2, 3]), { layer: "flatten" }),
      { inputs: 24, image },
      ["layers[0].window[0]", "odd"],
    ],
    ["an image of the wrong size", dense(), { inputs: 25, image }, ["4 × 3", "24", "25"]],
    ["an image without height", dense(), { image: { ...image, height: 0 } }, ["image.height is 0"]],
    ["an image at the end", convolution("zero", [1, 1]), { inputs: 24, image }, ["flatten", "dense"]],
    [
      "an image added to plain numbers",
      parallel([{ layer: "flatten" }, convolution("zero", [1, 1])]),
      { inputs: 24, image },
      ["sum", "flatten or pool"],
    ],
    [
      "pixels that do not divide the outputs",
      serial(convolution("zero", [1, 1]), { layer: "flatten" }),
      { inputs: 24, image, outputs: 25 },
      ["4 × 3", "25"],
    ],
  ];
  test.for(wrong)("%s", ([, layer, sizes, words]) => {
    const make = () => graphNetwork(engine, layer, { inputs: 3, width: 6, ...sizes });
    expect(make).toThrow(RangeError);
    for (const word of words) expect(make).toThrow(word);
  });

  test("a kernel that no finite network has", () => {
    const layer = serial(dense(), activation("exp-normalized"), dense());
    expect(() => graphNetwork(engine, layer, { inputs: 3, width: 6 })).toThrow("exp-normalized");
  });
});

test("no layers at all give the inputs, in a matrix of their own", async () => {
  const model = graphNetwork(engine, serial(), { inputs: 3, outputs: 3 });
  const x = normals(2, 3, 1);
  for (const f of [
    await model.value(new Float64Array(0), x),
    (await model.pullback(new Float64Array(0), x)).value,
  ]) {
    expectClose(f.data, x.data, 0);
    expect(f.data).not.toBe(x.data);
  }
});

test("dropout that keeps everything is no layer at all", () => {
  const model = graphNetwork(engine, serial({ layer: "dropout", keep: 1 }, dense()), { inputs: 3 });
  expect(model.parameters).toBe(3);
});
