import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { infiniteKernel, infiniteVariances } from "../../src/infinite/index.ts";
import {
  activation,
  convolution,
  dense,
  dropout,
  flatten,
  fullyConnected,
  globalAveragePool,
  graph,
  type GraphNode,
  identity,
  type Layer,
  layerNorm,
  parallel,
  relu,
  scale,
  serial,
} from "../../src/layers/index.ts";
import { type Engine, zeros } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const node = (
  name: string,
  inputs: readonly string[],
  layer: Layer,
  combine: GraphNode["combine"] = "sum",
): GraphNode => ({ name, inputs, layer, combine });
const convolved = convolution({ window: [3, 3] });
const norm = layerNorm(0);
const drop = dropout(0.5);
const flat = flatten();
const pool = globalAveragePool();
const standard = dense({ parameterization: "standard" });

describe("a network without a limit is refused, with the layer's place and the cure", () => {
  test.for<[string, Layer, RegExp, RegExp]>([
    [
      "a concatenation at the end",
      serial(dense(), parallel([relu(), identity()], "concatenation")),
      /layers\[1\] \(parallel\) ends the network with a concatenation/,
      /a dense layer must follow/,
    ],
    [
      "a sum with a concatenation",
      serial(dense(), parallel([parallel([relu(), identity()], "concatenation"), identity()])),
      /forms a sum with the concatenation that layers\[1\]\.branches\[0\] \(parallel\) makes/,
      /must be followed by a dense layer/,
    ],
    [
      "a product of correlated branches",
      serial(dense(), parallel([relu(), activation("gelu")], "product"), dense()),
      /layers\[1\] \(parallel\) is a product of correlated branches/,
      /a dense layer of its own/,
    ],
    [
      "a product and a sum of both of its factors",
      serial(
        graph("end", [
          node("a", ["input"], dense()),
          node("b", ["input"], dense()),
          node("product", ["a", "b"], identity(), "product"),
          node("sum", ["a", "b"], relu()),
          node("end", ["product", "sum"], dense()),
        ]),
      ),
      /node "end" \(dense\) reads a product together with a sum/,
      /a dense layer behind the product/,
    ],
    [
      "an activation of the input",
      serial(relu(), dense()),
      /layers\[0\] \(activation relu\) acts on the input/,
      /a dense layer \(or a convolution\) before it/,
    ],
    [
      "a normalized input",
      serial(norm, dense()),
      /layers\[0\] \(layer-norm\) normalizes the input/,
      /standardize/,
    ],
    [
      "a sum with the input",
      serial(parallel([identity(), dense()]), dense()),
      /combines the input itself/,
      /weightRate 0/,
    ],
    [
      "an activation of a sum that is not Gaussian",
      serial(parallel([serial(dense(), relu()), dense()]), relu(), dense()),
      /layers\[1\] \(activation relu\) acts on what layers\[0\] \(parallel\) makes, which is not Gaussian/,
      /a dense layer between/,
    ],
    [
      "an activation behind dropout",
      serial(dense(), drop, relu(), dense()),
      /layers\[2\] \(activation relu\)/,
      /a dense layer between/,
    ],
    [
      "an activation behind normalized activations",
      serial(dense(), relu(), norm, relu(), dense()),
      /layers\[3\] \(activation relu\)/,
      /a dense layer between/,
    ],
    [
      "kinks away from 0",
      serial(dense(), activation("sin"), relu(), dense()),
      /layers\[2\] \(activation relu\)/,
      /a dense layer between/,
    ],
    [
      "flatten without convolution",
      serial(dense(), flat, dense()),
      /layers\[1\] \(flatten\) needs an image/,
      /a convolution before it/,
    ],
    [
      "flatten of a row",
      serial(flat, dense()),
      /layers\[0\] \(flatten\) needs an image/,
      /leave it out of dense networks/,
    ],
    [
      "pooling without convolution",
      serial(dense(), pool),
      /layers\[1\] \(global-average-pool\) needs an image/,
      /a convolution before it/,
    ],
    [
      "an image at the end",
      serial(convolved, relu()),
      /layers\[1\] \(activation relu\) ends the network with an image/,
      /flatten or global-average-pool/,
    ],
    [
      "a flattened image at the end",
      serial(convolved, flat),
      /layers\[1\] \(flatten\) ends the network with a flattened image/,
      /a dense layer must follow/,
    ],
    [
      "a dense layer on an image",
      serial(convolved, dense()),
      /layers\[1\] \(dense\) reads the image/,
      /flatten it/,
    ],
    [
      "a convolution of a flattened image",
      serial(convolved, flat, convolved),
      /layers\[2\] \(convolution\) needs an image, but what layers\[1\] \(flatten\) makes is flattened images/,
      /before flattening/,
    ],
    [
      "an activation of a flattened image",
      serial(convolved, flat, relu(), dense()),
      /layers\[2\] \(activation relu\) acts on what layers\[1\] \(flatten\) has flattened/,
      /before the flattening/,
    ],
    [
      "an activation of pooled activations",
      serial(convolved, relu(), pool, relu(), dense()),
      /layers\[3\] \(activation relu\) acts on what layers\[2\] \(global-average-pool\) has pooled/,
      /a dense layer between/,
    ],
    [
      "a normalization of a flattened image",
      serial(convolved, flat, norm, dense()),
      /layers\[2\] \(layer-norm\) normalizes what layers\[1\] \(flatten\)/,
      /normalize before/,
    ],
    [
      "an image plus a row",
      parallel([convolved, serial(convolved, pool)]),
      /a sum of features that are images and no image/,
      /before flattening or pooling/,
    ],
    [
      "two averages of one image",
      serial(convolved, parallel([serial(scale(2), pool), pool]), relu(), dense()),
      /two different averages of one image/,
      /average once/,
    ],
    [
      "standard parameterization without widths",
      serial(dense(), relu(), standard),
      /layers\[2\] \(dense\) is in standard parameterization/,
      /give the layers before it a width/,
    ],
    [
      "a sum of different widths",
      parallel([dense({ width: 3 }), dense({ width: 4 })]),
      /a sum of features of 3 and 4 channels/,
      /one width/,
    ],
  ])("%s", async ([, network, what, cure]) => {
    const x = [[1, 2, 3, 4]];
    const call = infiniteKernel(engine, network, x, undefined, {
      image: { height: 2, width: 2, channels: 1 },
    });
    await expect(call).rejects.toThrow(RangeError);
    await expect(call).rejects.toThrow(what);
    await expect(call).rejects.toThrow(cure);
    await expect(
      infiniteVariances(network, x, { image: { height: 2, width: 2, channels: 1 } }),
    ).rejects.toThrow(what);
  });

  test("a description that is none, by its place", async () => {
    const broken = {
      layer: "serial",
      layers: [dense(), { layer: "dense", weightStd: -1 }],
    } as unknown as Layer;
    await expect(infiniteKernel(engine, broken, [[1]])).rejects.toThrow(/layers\[1\]\.weightStd/);
    await expect(infiniteKernel(engine, { layer: "deep" } as unknown as Layer, [[1]])).rejects.toThrow(
      RangeError,
    );
    const even: Layer = { layer: "convolution", window: [2, 3], padding: "zero", weightStd: 1, biasStd: 0 };
    await expect(infiniteKernel(engine, even, [[1]])).rejects.toThrow(/window.*odd/);
  });

  test("variances beyond floating point, by the layer that makes them", async () => {
    const network = serial(dense({ weightStd: 40 }), activation({ name: "exp" }), dense());
    await expect(infiniteKernel(engine, network, [[1]])).rejects.toThrow(
      /layers\[2\] \(dense\) gets a variance.*beyond the range of floating point.*layer-norm/,
    );
    await expect(infiniteVariances(network, [[1]])).rejects.toThrow(RangeError);
    // The same network is fine at smaller inputs, though not at the unit ones.
    const { diagnostics } = await infiniteKernel(engine, network, [[0.1]]);
    expect(diagnostics.unit).toBeUndefined();
    expect(diagnostics.notes[0]).toContain("beyond the range");
  });
});

describe("inputs that do not fit are refused", () => {
  const network = fullyConnected(1, "relu");
  const image = { height: 2, width: 2, channels: 1 };
  test.for<[string, () => Promise<unknown>, RegExp]>([
    [
      "columns of x and z",
      () => infiniteKernel(engine, network, [[1, 2]], [[1]]),
      /x has 2 columns, z has 1/,
    ],
    ["no columns", () => infiniteKernel(engine, network, [[]]), /x has no columns/],
    ["NaN", () => infiniteKernel(engine, network, [[1, NaN]]), /contain NaN; expected finite/],
    ["infinity in z", () => infiniteKernel(engine, network, [[1]], [[-Infinity]]), /contain -Infinity/],
    ["NaN of variances", () => infiniteVariances(network, [[NaN]]), /contain NaN/],
    [
      "no image for a convolution",
      () => infiniteKernel(engine, serial(convolved, pool), [[1, 2, 3, 4]]),
      /image: \{ height, width, channels \}/,
    ],
    [
      "an image of another size",
      () => infiniteKernel(engine, serial(convolved, pool), [[1, 2, 3]], undefined, { image }),
      /has 4 numbers, but rows have 3/,
    ],
    [
      "an image without rows",
      () => infiniteKernel(engine, network, [[1]], undefined, { image: { ...image, height: 0 } }),
      /image\.height is 0/,
    ],
    [
      "an output of another shape",
      () => infiniteKernel(engine, network, [[1]], undefined, { out: { ntk: zeros(2, 1) } }),
      /out\.ntk is 2 × 1, expected 1 × 1/,
    ],
    [
      "outputs of two precisions",
      () =>
        infiniteKernel(engine, network, [[1]], undefined, {
          out: { ntk: zeros(1, 1), nngp: zeros(1, 1, "float32") },
        }),
      /differ in precision/,
    ],
    [
      "tiles of no rows",
      () => infiniteKernel(engine, serial(network, norm), [[1]], undefined, { tile: 0 }),
      /tile is 0, expected a whole number/,
    ],
    ...(["get", "training", "precision"] as const).map((option): [string, () => Promise<unknown>, RegExp] => [
      `an unknown ${option}`,
      () => infiniteKernel(engine, network, [[1]], undefined, { [option]: "all" }),
      new RegExp(`infiniteKernel: ${option} is "all", expected "`, "u"),
    ]),
  ])("%s", async ([, call, message]) => {
    await expect(call()).rejects.toThrow(RangeError);
    await expect(call()).rejects.toThrow(message);
  });

  test("what is no matrix, by its name", async () => {
    for (const wrong of [undefined, "1, 2", [1, 2]] as never[]) {
      await expect(infiniteKernel(engine, network, wrong)).rejects.toThrow(/^infiniteKernel: x/u);
      await expect(infiniteVariances(network, wrong)).rejects.toThrow(/^infiniteVariances: x/u);
    }
    await expect(infiniteKernel(engine, network, [[1]], "z" as never)).rejects.toThrow(/^infiniteKernel: z/u);
  });

  test("no rows give empty kernels", async () => {
    const { nngp, ntk } = await infiniteKernel(engine, serial(network, norm), zeros(0, 3), zeros(2, 3));
    expect([nngp!.rows, nngp!.cols, ntk!.data.length]).toEqual([0, 2, 0]);
    expect((await infiniteKernel(engine, network, zeros(0, 3))).ntk!.rows).toBe(0);
    expect((await infiniteVariances(network, zeros(0, 3))).ntk).toHaveLength(0);
  });

  test("inputs are left as they are", async () => {
    const x = zeros(2, 2);
    x.data.set([1e200, 2, -3e200, 4]);
    const before = x.data.slice();
    await infiniteKernel(engine, network, x);
    await infiniteKernel(engine, serial(network, norm), x);
    expect(x.data).toEqual(before);
  });
});

test("an abort signal stops the work with its reason, within a tile", async () => {
  const x = zeros(3000, 2);
  x.data.forEach((_, at) => (x.data[at] = Math.sin(at)));
  const network = serial(fullyConnected(3, "gelu", { weightStd: 1.4 }), norm);
  const controller = new AbortController();
  const reason = new Error("enough");
  const start = performance.now();
  const running = infiniteKernel(engine, network, x, undefined, { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 50);
  await expect(running).rejects.toBe(reason);
  expect(performance.now() - start).toBeLessThan(2000);
  await expect(infiniteKernel(engine, network, x, undefined, { signal: controller.signal })).rejects.toBe(
    reason,
  );
  await expect(infiniteVariances(network, x, { signal: controller.signal })).rejects.toBe(reason);
});
