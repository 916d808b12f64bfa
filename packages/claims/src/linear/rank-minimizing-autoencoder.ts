import {
  effectiveRank,
  type Engine,
  type Matrix,
  random,
  rankMinimizingAutoencoder,
  type RankMinimizingAutoencoder,
  trainingSteps,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { gaussianMatrix } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { mean, product } from "../measures/index.ts";

const settings = z.object({
  linearLayers: z
    .array(z.int().min(0).max(8))
    .min(2)
    .max(5)
    .default([0, 2, 4])
    .describe("linear layers l between encoder and decoder, ascending; the first and the last are compared"),
  intrinsic: z.int().min(1).max(4).default(2).describe("dimension that the data have"),
  inputs: z.int().min(4).max(50).default(12).describe("dimension of the space they lie in"),
  latent: z.int().min(2).max(30).default(10).describe("width of the code"),
  hidden: z.int().min(4).max(200).default(32).describe("neurons of encoder and of decoder"),
  examples: z.int().min(50).max(5000).default(500).describe("training examples n"),
  batch: z.int().min(1).max(50).default(50).describe("examples of a step"),
  learningRate: z.number().min(1e-3).max(0.2).default(0.05).describe("step η, for the mean over entries"),
  momentum: z.number().min(0).max(0.99).default(0.9).describe("μ of heavy ball"),
  steps: z.int().min(100).max(20_000).default(1500).describe("steps of stochastic gradient descent"),
  repeats: z.int().min(1).max(20).default(5).describe("data sets, each with its own start"),
  seed: z.int().min(0).default(0).describe("seed of data, starts and order of examples"),
});

type Settings = z.output<typeof settings>;

/** Latent directions count from this part of the largest variance on. */
const counted = 0.01;

/** What the first code has at least on average, and part of the runs in which the last one has the dimension of the data. */
const [manyDirections, mostRuns, fall, smallLoss] = [3.5, 0.8, 0.2, 0.01] as const;

/** Relative variances are drawn down to this. */
const smallest = 1e-6;

export default claim({
  code: "LN-25",
  id: "linear/rank-minimizing-autoencoder",
  title: "Linear layers in the middle make an autoencoder's code low-rank",
  statement: String.raw`Put $l$ square linear layers between encoder and decoder. They add nothing to what the autoencoder can compute, and can be
    multiplied away after training, but descent on the plain reconstruction error then finds codes of low rank: the covariance of the code
    has about as many large eigenvalues as the data have dimensions. Without them it has more.`,
  source: "Jing, Zbontar & LeCun, arXiv:2010.00679",
  status: "checked",
  seconds: 12,
  settings,
  full: { repeats: 20 },

  predict: ({ intrinsic }) => ({ directions: intrinsic }),

  async measure(chosen, { engine, signal, progress }) {
    const { linearLayers, repeats, inputs, hidden, latent, seed } = chosen;
    /** By number of linear layers and repeat. */
    const runs: Coded[][] = linearLayers.map(() => []);
    for (let repeat = 0; repeat < repeats; repeat++) {
      const own = 1000 * seed + repeat;
      const x = await curvedData(engine, chosen, own);
      for (const [at, layers] of linearLayers.entries()) {
        const autoencoder = rankMinimizingAutoencoder(engine, {
          inputs,
          hidden,
          latent,
          linearLayers: layers,
        });
        runs[at]!.push(await coded(autoencoder, x, chosen, own, signal));
        progress((repeat * linearLayers.length + at + 1) / (repeats * linearLayers.length));
      }
    }
    return runs;
  },

  judge({ directions }, runs, { linearLayers }) {
    const [first, last] = [runs[0]!, runs.at(-1)!];
    const [few, most] = [linearLayers[0]!, linearLayers.at(-1)!];
    const meanRank = (some: readonly Coded[]) => mean(some.map(({ effectiveRank }) => effectiveRank));
    return verdict([
      atLeast(
        `mean number of latent directions, l = ${few}`,
        mean(first.map(({ count }) => count)),
        manyDirections,
      ),
      atLeast(
        `part of the runs with ${directions} latent directions, l = ${most}`,
        mean(last.map(({ count }) => Number(count === directions))),
        mostRuns,
        1,
      ),
      atLeast(
        `fall of the mean effective rank from l = ${few} to l = ${most}`,
        meanRank(first) - meanRank(last),
        fall,
      ),
      ...runs.map((some, at) =>
        atMost(
          `largest mean squared error, l = ${linearLayers[at]!}`,
          Math.max(...some.map(({ loss }) => loss)),
          smallLoss,
        ),
      ),
      atMost(
        "largest change of an output when linear layers are multiplied out",
        Math.max(...runs.flat().map(({ collapse }) => collapse)),
        1e-9,
      ),
    ]);
  },

  figures({ directions }, runs, { linearLayers, latent }) {
    const places = Array.from({ length: latent }, (_, k) => k);
    return [
      {
        name: "spectrum",
        title: "Linear layers cut the spectrum of the code",
        caption: String.raw`Eigenvalues of the covariance of the code, relative to the largest (geometric mean of the runs). The data have
          ${directions} dimensions. Directions above the dashed line are counted.`,
        spec: curves({
          x: { title: "eigenvalue k", domain: [0.5, latent + 0.5] },
          y: { title: "eigenvalue / largest", scale: "log", domain: [smallest, 2] },
          series: [
            { label: "counted", role: "bound", points: [0.5, latent + 0.5].map((x) => ({ x, y: counted })) },
            ...linearLayers.map((layers, at) => ({
              label: `l = ${layers}`,
              role: "measurement" as const,
              points: places
                .map((k) => ({
                  x: k + 1,
                  y: Math.exp(mean(runs[at]!.map(({ spectrum }) => Math.log(Math.max(spectrum[k]!, 1e-12))))),
                }))
                .filter(({ y }) => y >= smallest),
            })),
          ],
        }),
      },
      {
        name: "error",
        title: "At a small cost",
        caption: String.raw`Mean squared error of a batch (variance of the data: 1) while training, first run of each.`,
        spec: curves({
          x: { title: "step" },
          y: { title: "mean squared error", scale: "log" },
          series: linearLayers.map((layers, at) => ({
            label: `l = ${layers}`,
            role: "measurement",
            points: runs[at]![0]!.losses,
          })),
        }),
      },
    ];
  },

  contrast: {
    statement: "One linear layer is too few: the code keeps more directions than the data have.",
    settings: { linearLayers: [0, 1] },
  },
});

/** What came of a training run. */
interface Coded {
  /** Eigenvalues of the covariance of the code, relative to the largest. */
  readonly spectrum: readonly number[];
  readonly count: number;
  readonly effectiveRank: number;
  /** Mean squared error over entries, of all examples. */
  readonly loss: number;
  readonly losses: readonly { readonly x: number; readonly y: number }[];
  /** The largest change of an output by multiplying linear layers out. */
  readonly collapse: number;
}

/** tanh(zW + b)V with z uniform in a cube, centered, of variance 1 on average. */
async function curvedData(
  engine: Engine,
  { intrinsic, inputs, examples }: Settings,
  seed: number,
): Promise<Matrix<Float64Array>> {
  const generator = random(seed);
  const uniform = () => 2 * generator.uniform() - 1;
  const features = 30;
  const z = {
    data: Float64Array.from({ length: examples * intrinsic }, uniform),
    rows: examples,
    cols: intrinsic,
  };
  const w = gaussianMatrix(intrinsic, features, generator);
  const b = Float64Array.from({ length: features }, uniform);
  const v = gaussianMatrix(features, inputs, generator, { std: 1 / Math.sqrt(features) });
  const h = await product(engine, z, w);
  h.data.forEach((value, at) => (h.data[at] = Math.tanh(value + b[at % features]!)));
  const x = await product(engine, h, v);
  for (let k = 0; k < inputs; k++) {
    const center = mean(x.data.filter((_, at) => at % inputs === k));
    for (let i = 0; i < examples; i++) x.data[i * inputs + k]! -= center;
  }
  const deviation = Math.hypot(...x.data) / Math.sqrt(x.data.length);
  return { ...x, data: x.data.map((value) => value / deviation) };
}

async function coded(
  autoencoder: RankMinimizingAutoencoder,
  x: Matrix<Float64Array>,
  { batch, learningRate, momentum, steps }: Settings,
  seed: number,
  signal: AbortSignal,
): Promise<Coded> {
  const losses: { x: number; y: number }[] = [];
  let theta = autoencoder.initialize(seed);
  for await (const state of trainingSteps(autoencoder, theta, {
    x,
    y: x,
    loss: "mean-squares",
    // The loss is a sum over entries of an example, the learning rate that of their mean.
    learningRate: learningRate / x.cols,
    momentum,
    steps,
    batch,
    seed,
    signal,
  })) {
    if (state.step % Math.ceil(steps / 40) === 0) losses.push({ x: state.step, y: state.loss / x.cols });
    if (state.outcome !== "running") theta = state.parameters;
  }
  const outputs = await autoencoder.value(theta, x);
  const collapsed = await autoencoder.collapse(theta);
  const same = await collapsed.autoencoder.value(collapsed.theta, x);
  const eigenvalues = await autoencoder.latentSpectrum(theta, x);
  const spectrum = Array.from(eigenvalues, (value) => value / eigenvalues[0]!);
  return {
    spectrum,
    count: spectrum.filter((value) => value > counted).length,
    effectiveRank: effectiveRank(eigenvalues),
    loss: mean(outputs.data.map((value, at) => (value - x.data[at]!) ** 2)),
    losses,
    collapse: Math.max(...outputs.data.map((value, at) => Math.abs(value - same.data[at]!))),
  };
}
