import {
  breather,
  type Engine,
  type Matrix,
  overparameterizeTape,
  permutation,
  random,
  takeRows,
  tape,
  workspace,
  zeros,
} from "lineament";
import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import { type LabeledImages, smoothCrops } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { mean } from "../measures/index.ts";
import { addedParameterShare, quarterCircleMean } from "../predictions/index.ts";

const settings = z.object({
  learningRates: z
    .array(z.number().min(1e-4).max(0.3))
    .min(1)
    .max(4)
    .default([0.001, 0.003])
    .describe("steps η at which added layers must train faster"),
  otherRates: z
    .array(z.number().min(1e-4).max(0.3))
    .max(6)
    .default([0.01, 0.03, 0.1])
    .describe("larger steps η, with the first data set only: drawn, and not judged"),
  momentum: z.number().min(0).max(0.99).default(0.9).describe("μ of heavy ball"),
  examples: z.int().min(100).max(10_000).default(1500).describe("training images n"),
  batch: z.int().min(8).max(500).default(64).describe("images of a step"),
  epochs: z.int().min(1).max(50).default(3).describe("passes over the images"),
  noise: z
    .number()
    .min(0)
    .max(3)
    .default(0.5)
    .describe("standard deviation of a pixel's noise (templates: 1)"),
  repeats: z.int().min(1).max(10).default(3).describe("data sets, each with its own start and order"),
  seed: z.int().min(0).default(0).describe("seed of images, starts and orders"),
});

type Settings = z.output<typeof settings>;

const [side, classes] = [8, 10] as const;
const [firstChannels, secondChannels, neurons] = [8, 16, 64] as const;

/**
 * The network of the paper, on MNIST: convolutions of 5 × 5 × 32 and 5 × 5 × 64, dense layers of 3136 → 512 → 10, and biases.
 */
const paper = {
  parameters: 5 * 5 * 32 + 32 + 5 * 5 * 32 * 64 + 64 + 3136 * 512 + 512 + 512 * 10 + 10,
  outputs: [512, 10],
} as const;

/** What the ratios of mean losses may be on average. */
const meanRatio = 0.96;

/** Where outputs must agree. */
const rounding = 1e-9;

export default claim({
  code: "LN-24",
  id: "linear/added-linear-layers",
  title: "Linear layers in a convolutional network speed up small steps",
  statement: String.raw`Replace the weights of each dense layer of a convolutional network by a product of two matrices, balanced, the hidden width
    being that of the outputs. The function is the same, and stays within reach of the original: the product can be multiplied out after
    training. But at the same step size, momentum and batches the training loss falls faster per iteration: early steps of the product are
    those of $W$ times $\sigma_r+\sigma_s$ along each pair of singular vectors, on average $2\bar\sigma$, which is
    $\frac{16}{3\pi}\sqrt2=2.40$ for a large square layer with He initialization. It is an effect of the step size: at large
    steps it is gone, or reversed.`,
  source:
    "Arora, Cohen & Hazan, arXiv:1802.06509, Section 6; lecture notes on linear networks, Figure 1 (right)",
  status: "checked",
  seconds: 20,
  settings,
  full: { repeats: 6 },

  predict: () => ({
    added: addedParameterShare(originalParameters(), [neurons, classes]),
    meanFactor: 2 * quarterCircleMean(Math.sqrt(2 / neurons), neurons),
    paperAdded: addedParameterShare(paper.parameters, paper.outputs),
  }),

  async measure(chosen, { engine, signal, progress }) {
    const { learningRates, otherRates, repeats, seed } = chosen;
    const { original, network, factor, collapse } = overparameterizeTape(engine, poolingNetwork());
    const firstDense = original.matrices.find(({ weightsOf }) => weightsOf === "dense")!;
    const total = repeats * learningRates.length + otherRates.length;
    let done = 0;
    const [factors, starts, ends]: [number[], number[], number[]] = [[], [], []];
    const runs: { rate: number; repeat: number; plain: readonly number[]; deep: readonly number[] }[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const own = 1000 * seed + repeat;
      const images = smoothCrops(chosen.examples, { classes, side, noise: chosen.noise }, random(own));
      const theta = original.initialize(own);
      const deep = await factor(theta);
      const { offset, rows, cols } = firstDense;
      const weights = { data: theta.slice(offset, offset + rows * cols), rows, cols };
      factors.push(2 * mean((await engine.singularValues(weights)).values));
      starts.push(await largestGap(original, theta, network, deep, images.x));
      for (const rate of [...learningRates, ...(repeat === 0 ? otherRates : [])]) {
        const options = { ...chosen, rate, seed: own, signal };
        const plain = await trained(engine, original, theta, images, options);
        const product = await trained(engine, network, deep, images, options);
        const diverged = !product.theta.every(Number.isFinite);
        ends.push(
          diverged
            ? NaN
            : await largestGap(original, await collapse(product.theta), network, product.theta, images.x),
        );
        runs.push({ rate, repeat, plain: plain.losses, deep: product.losses });
        progress(++done / total, `η = ${rate}`);
      }
    }
    return {
      added: network.parameters / original.parameters - 1,
      collapsed: (await collapse(await factor(original.initialize(seed)))).length - original.parameters,
      factors,
      starts,
      ends,
      runs,
    };
  },

  judge({ added, meanFactor }, measured, { learningRates }) {
    const ratios = measured.runs
      .filter(({ rate }) => learningRates.includes(rate))
      .map(({ rate, repeat, plain, deep }) => ({ rate, repeat, ratio: mean(deep) / mean(plain) }));
    return verdict([
      ...ratios.map(({ rate, repeat, ratio }) =>
        atMost(
          `mean training loss with added layers / without, η = ${rate}, run ${repeat + 1}`,
          ratio,
          1 - Number.EPSILON,
        ),
      ),
      atMost("mean of these ratios", mean(ratios.map(({ ratio }) => ratio)), meanRatio),
      atMost("largest difference of logits at the start", Math.max(...measured.starts), rounding, 0),
      atMost(
        "largest change of logits by multiplying out after training",
        Math.max(...measured.ends),
        rounding,
        0,
      ),
      within("parameters of the collapsed network − those of the original", measured.collapsed, 0, 0, 0),
      within("part of parameters added", measured.added, added - 1e-12, added + 1e-12, added),
      within(
        "mean of 2σ of the first dense layer at the start",
        mean(measured.factors),
        0.95 * meanFactor,
        1.05 * meanFactor,
        meanFactor,
      ),
    ]);
  },

  figures({ paperAdded }, { runs }, { learningRates, otherRates }) {
    const rates = [...new Set([...learningRates, ...otherRates])].sort((a, b) => a - b);
    const shown = learningRates.at(-1)!;
    const first = runs.find(({ rate }) => rate === shown)!;
    const areas = (which: "plain" | "deep") =>
      rates.map((x) => ({
        x,
        y: mean(runs.find(({ rate }) => rate === x)![which]),
      }));
    return [
      {
        name: "training",
        title: "Training with and without added linear layers",
        caption: String.raw`Cross entropy of the batches (mean of four) at the same start, batches and hyper-parameters, $\eta=$ ${shown}. The network of
          the paper, on MNIST, grew by ${(100 * paperAdded).toFixed(1)} %.`,
        spec: curves({
          x: { title: "iteration" },
          y: { title: "training loss (nats)" },
          series: (["plain", "deep"] as const).map((which) => ({
            label: which === "plain" ? "original" : "overparameterized",
            role: "measurement",
            points: averaged(first[which], 4),
          })),
        }),
      },
      {
        name: "step-size",
        title: "An effect of the step size",
        caption: String.raw`Training loss of the first data set, averaged over all iterations, against the step. Added layers gain at small steps. Near the best step the gain is
          gone, and at larger ones it is a loss: the best tuned original is not beaten.`,
        spec: curves({
          x: { title: "step η", scale: "log" },
          y: { title: "mean training loss (nats)", scale: "log" },
          series: [
            { label: "original", role: "measurement", points: areas("plain") },
            { label: "overparameterized", role: "measurement", points: areas("deep") },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: "At a large step added linear layers slow training down.",
    settings: { learningRates: [0.1], otherRates: [] },
  },
});

/** Of the network without added layers: weights and biases. */
function originalParameters(): number {
  return poolingNetwork().matrices.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
}

/** Convolution 3 × 3, ReLU and max pooling 2 × 2, twice; a hidden dense layer; logits. He initialization, no biases at the start. */
function poolingNetwork(): tape.TapeNetwork {
  const layers = [
    { name: "first convolution", rows: firstChannels, cols: 9, weightsOf: "convolution" },
    { name: "second convolution", rows: secondChannels, cols: 9 * firstChannels, weightsOf: "convolution" },
    { name: "dense layer", rows: neurons, cols: (side / 4) ** 2 * secondChannels, weightsOf: "dense" },
    { name: "logits", rows: classes, cols: neurons, weightsOf: "dense" },
  ] as const;
  const relu = (a: tape.Expression) => tape.activate(a, { name: "relu" });
  return {
    inputs: side * side,
    outputs: classes,
    matrices: layers.flatMap((layer) => [
      { ...layer, std: Math.sqrt(2 / layer.cols) },
      { name: `biases of the ${layer.name}`, rows: 1, cols: layer.rows, std: 0 },
    ]),
    output(x, parameters) {
      const affine = (h: tape.Expression, at: number) =>
        tape.addRows(tape.matmul(h, parameters[2 * at]!, { transposed: true }), parameters[2 * at + 1]!);
      /** Images are rows, pixel after pixel, channels of a pixel side by side. */
      const stage = (images: tape.Expression, size: number, channels: number, at: number) => {
        const windows = tape.gatherColumns(images, windowColumns(size, channels));
        const h = relu(affine(tape.reshape(windows, x.rows * size ** 2, 9 * channels), at));
        const maps = tape.reshape(h, x.rows, size ** 2 * h.cols);
        const [a, b, c, d] = poolColumns(size, h.cols).map((columns) => tape.gatherColumns(maps, columns));
        const larger = (p: tape.Expression, q: tape.Expression) => tape.add(q, relu(tape.subtract(p, q)));
        return larger(larger(a!, b!), larger(c!, d!));
      };
      const pooled = stage(stage(x, side, 1, 0), side / 2, firstChannels, 1);
      return affine(relu(affine(pooled, 2)), 3);
    },
  };
}

/** The columns that the 3 × 3 windows around all pixels see, −1 outside of the image. */
function windowColumns(size: number, channels: number): Int32Array {
  const columns: number[] = [];
  for (let r = 0; r < size; r++)
    for (let c = 0; c < size; c++)
      for (let down = -1; down <= 1; down++)
        for (let right = -1; right <= 1; right++)
          for (let k = 0; k < channels; k++) {
            const [row, column] = [r + down, c + right];
            const inside = row >= 0 && row < size && column >= 0 && column < size;
            columns.push(inside ? (row * size + column) * channels + k : -1);
          }
  return Int32Array.from(columns);
}

/** The columns of each of the four pixels of all 2 × 2 blocks. */
function poolColumns(size: number, channels: number): Int32Array[] {
  return [0, 1, size, size + 1].map((offset) => {
    const columns: number[] = [];
    for (let r = 0; r < size; r += 2)
      for (let c = 0; c < size; c += 2)
        for (let k = 0; k < channels; k++) columns.push((r * size + c + offset) * channels + k);
    return Int32Array.from(columns);
  });
}

/** Stochastic gradients with heavy ball on the cross entropy, and that of each batch before its step. */
async function trained(
  engine: Engine,
  model: tape.TapeModel,
  start: Float64Array,
  { x, labels }: LabeledImages,
  {
    rate,
    momentum,
    batch,
    epochs,
    seed,
    signal,
  }: Pick<Settings, "momentum" | "batch" | "epochs" | "seed"> & {
    readonly rate: number;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly theta: Float64Array; readonly losses: readonly number[] }> {
  const generator = random(seed);
  const pause = breather(signal);
  const room = workspace(engine);
  const theta = start.slice();
  const velocity = new Float64Array(theta.length);
  const losses: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = permutation(x.rows, generator);
    for (let from = 0; from < x.rows; from += batch) {
      const rows = order.subarray(from, Math.min(x.rows, from + batch));
      room.rewind();
      const { value, pull } = await model.pullback(theta, takeRows(x, rows), room);
      const { loss, slopes } = crossEntropy(
        value,
        Array.from(rows, (row) => labels[row]!),
      );
      losses.push(loss);
      const gradient = await pull(slopes);
      for (let p = 0; p < theta.length; p++) {
        velocity[p] = momentum * velocity[p]! - rate * gradient[p]!;
        theta[p]! += velocity[p]!;
      }
      await pause();
    }
  }
  return { theta, losses };
}

/** Mean of −ln softmax(logits) at the label, and its derivatives by the logits. */
function crossEntropy(
  { data, rows, cols }: Matrix<Float64Array>,
  labels: readonly number[],
): { readonly loss: number; readonly slopes: Matrix<Float64Array> } {
  const slopes = zeros(rows, cols);
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    const logits = data.subarray(i * cols, (i + 1) * cols);
    const most = logits.reduce((a, b) => Math.max(a, b));
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
    loss += (most + Math.log(total) - logits[labels[i]!]!) / rows;
    for (let k = 0; k < cols; k++)
      slopes.data[i * cols + k] = (Math.exp(logits[k]! - most) / total - Number(k === labels[i])) / rows;
  }
  return { loss, slopes };
}

/** The largest difference of the outputs of two networks. */
async function largestGap(
  a: tape.TapeModel,
  thetaOfA: Float64Array,
  b: tape.TapeModel,
  thetaOfB: Float64Array,
  x: Matrix<Float64Array>,
): Promise<number> {
  const { data: other } = await b.value(thetaOfB, x);
  const { data } = await a.value(thetaOfA, x);
  return data.reduce((most, value, at) => Math.max(most, Math.abs(value - other[at]!)), 0);
}

/** Means of as many values in a row, each at its middle. */
function averaged(values: readonly number[], count: number): { readonly x: number; readonly y: number }[] {
  return Array.from({ length: Math.floor(values.length / count) }, (_, k) => ({
    x: (k + 0.5) * count,
    y: mean(values.slice(k * count, (k + 1) * count)),
  }));
}
