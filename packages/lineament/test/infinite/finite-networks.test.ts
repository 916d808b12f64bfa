import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { infiniteKernel } from "../../src/infinite/index.ts";
import {
  activation,
  convolution,
  dense,
  flatten,
  fullyConnected,
  globalAveragePool,
  identity,
  type ImageShape,
  type Layer,
  layerNorm,
  parallel,
  relu,
  serial,
} from "../../src/layers/index.ts";
import type { Engine, Matrix } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { graphNetwork, type KernelEstimate, monteCarloKernel } from "../../src/networks/index.ts";
import { normals } from "../contracts/data.ts";
import { affine } from "../contracts/reference-networks.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

const convolved = (padding: "zero" | "circular", weightStd: number): Layer =>
  convolution({ window: [3, 3], padding, weightStd, biasStd: 0.3 });
const norm = layerNorm(0.01);
const image = { height: 3, width: 2, channels: 2 };

/** Networks beyond those of the reference, on six numbers a row or images of three by two pixels. */
const networks: Readonly<Record<string, readonly [Layer, ImageShape?]>> = {
  dense: [fullyConnected(2, "gelu", { weightStd: 1.5, biasStd: 0.3 })],
  "correlated branches with means": [
    serial(
      affine(1, 0.1),
      parallel([
        relu(),
        activation("softplus"),
        serial(parallel([identity(), serial(relu(), affine(1, 0.1))]), activation("absolute")),
      ]),
      affine(1, 0.1),
    ),
  ],
  "a product of branches with means, and a sum": [
    serial(
      parallel([
        parallel([serial(affine(1), activation("normal-cdf")), serial(affine(1, 0.1), relu())], "product"),
        serial(affine(1), activation("sigmoid")),
      ]),
      affine(1, 0.1),
    ),
  ],
  "two activations in a row, and a residual around them": [
    serial(
      affine(1, 0.1),
      parallel([identity(), serial(activation("softplus"), activation("tanh"))]),
      affine(1),
    ),
  ],
  "normalized concatenation": [
    serial(
      parallel(
        [serial(affine(1, 0.2), relu()), serial(affine(2), activation("gelu"))],
        "concatenation",
        [1, 3],
      ),
      norm,
      affine(1),
    ),
  ],
  "convolutions, flattened": [
    serial(convolved("zero", 1.4), relu(), convolved("zero", 1.4), activation("gelu"), flatten(), dense()),
    image,
  ],
  "residual convolutions, pooled": [
    serial(
      convolved("circular", 1.2),
      parallel([identity(), serial(norm, relu(), convolved("circular", 1.2))]),
      relu(),
      globalAveragePool(),
      dense({ biasStd: 0.2 }),
    ),
    image,
  ],
  "a dense network on pooled Gaussians": [
    serial(convolved("zero", 1.4), globalAveragePool(), relu(), dense()),
    image,
  ],
};

async function estimate(
  layer: Layer,
  shape: ImageShape | undefined,
  x: Matrix,
  get: "ntk" | "nngp",
  width: number,
  samples: number,
): Promise<KernelEstimate> {
  const sizes = { inputs: x.cols, width, outputs: get === "nngp" ? 128 : 1 };
  const model = graphNetwork(engine, layer, shape ? { ...sizes, image: shape } : sizes);
  const make = (seed: number): { model: typeof model; theta: Float64Array } => ({
    model,
    theta: model.initialize(seed),
  });
  let last: KernelEstimate | undefined;
  for await (const known of monteCarloKernel(make, x, undefined, { get, samples })) last = known;
  return last!;
}

describe("kernels of finite networks are those of infinite ones on average", () => {
  // Finite width shifts means by O(1/width), below their standard errors, O(1/√(width · samples)).
  test.for(Object.keys(networks))("%s", async (name) => {
    const [layer, shape] = networks[name]!;
    const x = normals(2, shape ? 12 : 6, 1);
    const limit = await infiniteKernel(engine, layer, x, undefined, { image: shape });
    for (const get of ["ntk", "nngp"] as const) {
      const { mean, standardError } = await estimate(layer, shape, x, get, shape ? 128 : 256, 24);
      const expected = limit[get]!.data;
      mean.data.forEach((value, at) =>
        expect(Math.abs(value - expected[at]!) / standardError.data[at]!).toBeLessThanOrEqual(4),
      );
      // So that the test can fail: errors are small against the kernel.
      expect(Math.max(...standardError.data)).toBeLessThan(0.06 * Math.max(...expected));
    }
  });
});
