import {
  dense,
  fullyConnected,
  infiniteKernel,
  activation,
  type Layer,
  layerNorm,
  random,
  repeat,
  serial,
} from "lineament";
import type { Engine, Matrix } from "lineament";
import { z } from "zod";
import { atLeast, atMost, type Check, claim, verdict } from "../claim.ts";
import { spherePoints } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { column, hermiteMixture, kernelRegression, mean } from "../measures/index.ts";

const settings = z.object({
  layers: z
    .array(z.int().min(1).max(1000))
    .min(2)
    .max(16)
    .default([1, 2, 3, 5, 10, 20, 40, 80])
    .describe("hidden layers of the ReLU networks, ascending; the last is compared with 3, or the first"),
  polynomialLayers: z
    .array(z.int().min(15).max(500))
    .min(1)
    .max(8)
    .default([20, 40])
    .describe("hidden layers of the network with dual (ξ + ξ³)/2, ascending"),
  samples: z.int().min(20).max(2000).default(200).describe("n, training points on S²"),
  testPoints: z.int().min(100).max(10_000).default(1000).describe("test points"),
  seed: z.int().min(0).default(0).describe("seed of the points"),
});

const kernels = ["ntk", "nngp"] as const;
const names = { ntk: "ReLU, NTK", nngp: "ReLU, NNGP kernel" } as const;
const powers = [0, 0.5, 0, 0.5];

export default claim({
  code: "IN-23",
  id: "interpolation/depth-hurts-regression",
  title: "Depth that is optimal for classification is useless for regression",
  statement: String.raw`In the limit of infinite depth a network's kernel is $0$ away from the diagonal (singular limit) or constant there (ReLU): its sign may
    still classify, but its values carry nothing. The error of interpolating a smooth function on the sphere without noise grows with
    the depth of ReLU networks, and with the dual $\frac12(\xi+\xi^3)$ the prediction is 0 away from data: its error is the variance of the
    function.`,
  source: "Radhakrishnan, Belkin & Uhler, arXiv:2204.14126",
  status: "checked",
  seconds: 3,
  settings,
  full: { samples: 800, layers: [1, 2, 3, 5, 10, 20, 40, 80, 160] },

  predict: () => ({ limit: 1 }),

  async measure({ layers, polynomialLayers, samples, testPoints, seed }, { engine, signal, progress }) {
    const generator = random(seed);
    const [train, test] = [spherePoints(samples, 3, generator), spherePoints(testPoints, 3, generator)];
    const errorOf = (network: Layer, kernel: "ntk" | "nngp"): Promise<number> =>
      relativeError(engine, network, kernel, train, test, signal);
    const relu = [];
    for (const [at, depth] of layers.entries()) {
      const network = fullyConnected(depth, "relu", { weightStd: Math.SQRT2 });
      relu.push({ depth, ntk: await errorOf(network, "ntk"), nngp: await errorOf(network, "nngp") });
      progress((at + 1) / (layers.length + 1), `L = ${depth}`);
    }
    const polynomial = [];
    for (const depth of polynomialLayers) {
      // Variances of polynomial networks drift from 1 by rounding, unless they are held there.
      const layer = serial(layerNorm(0), activation(hermiteMixture(powers)), dense());
      polynomial.push({ depth, error: await errorOf(serial(dense(), repeat(depth, layer)), "nngp") });
    }
    return { relu, polynomial };
  },

  judge(_, { relu, polynomial }) {
    const shallow = relu.find(({ depth }) => depth === 3) ?? relu[0]!;
    const deepest = relu.at(-1)!;
    const first = polynomial[0]!;
    const growth = (kernel: "ntk" | "nngp"): Check =>
      atLeast(
        `least growth of the error from depth to depth, ${names[kernel]}`,
        Math.min(...relu.slice(1).map((one, k) => one[kernel] / relu[k]![kernel])),
        1,
      );
    return verdict([
      growth("ntk"),
      growth("nngp"),
      atLeast(
        `error at L = ${deepest.depth} over that at L = ${shallow.depth}, ReLU NTK`,
        deepest.ntk / shallow.ntk,
        100,
      ),
      atLeast(`relative error of dual (ξ + ξ³)/2 at L = ${first.depth}`, first.error, 0.98, 1),
      atMost("the same at the largest depth, against the variance", polynomial.at(-1)!.error, 1.02, 1),
    ]);
  },

  figures: ({ limit }, { relu, polynomial }, { samples, layers, polynomialLayers }) => [
    {
      name: "error",
      title: "Test error of regression against depth",
      caption: String.raw`$f=x_0x_1+x_2$ on $\mathbb S^2$ without noise, ${samples} examples, ridgeless. At 1 a network predicts no better than the mean.`,
      spec: curves({
        x: { title: "hidden layers L", scale: "log" },
        y: { title: "mean squared error / variance of f", scale: "log" },
        series: [
          {
            label: "singular limit",
            role: "prediction",
            points: [
              Math.min(layers[0]!, polynomialLayers[0]!),
              Math.max(layers.at(-1)!, polynomialLayers.at(-1)!),
            ].map((x) => ({ x, y: limit })),
          },
          ...kernels.map((kernel) => ({
            label: names[kernel],
            role: "measurement" as const,
            points: relu.map((one) => ({ x: one.depth, y: one[kernel] })),
          })),
          {
            label: "dual (ξ + ξ³)/2, NNGP kernel",
            role: "measurement",
            points: polynomial.map(({ depth, error }) => ({ x: depth, y: error })),
          },
        ],
      }),
    },
  ],

  contrast: {
    statement: String.raw`Up to five layers little is lost.`,
    settings: { layers: [3, 5] },
  },
});

/** MSE/Var of kernel interpolation of f = x₀x₁ + x₂ at test points. */
async function relativeError(
  engine: Engine,
  network: Layer,
  get: "ntk" | "nngp",
  train: Matrix,
  test: Matrix,
  signal: AbortSignal,
): Promise<number> {
  const own = await infiniteKernel(engine, network, train, undefined, { get, signal });
  const cross = await infiniteKernel(engine, network, test, train, { get, signal });
  const predictions = await kernelRegression(engine, {
    kernel: own[get]!,
    cross: cross[get]!,
    targets: column(targetOf(train)),
    ridge: 0,
  });
  const truth = targetOf(test);
  const center = mean(truth);
  const variance = mean(truth.map((value) => (value - center) ** 2));
  return mean(truth.map((value, i) => (predictions.data[i]! - value) ** 2)) / variance;
}

/** Of points on √3 S². */
function targetOf({ data, rows }: Matrix): Float64Array {
  return Float64Array.from(
    { length: rows },
    (_, i) => (data[3 * i]! * data[3 * i + 1]!) / 3 + data[3 * i + 2]! / Math.sqrt(3),
  );
}
