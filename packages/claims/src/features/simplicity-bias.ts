import { evaluate, type Matrix, random, type Random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, type Laboratory, verdict, within } from "../claim.ts";
import {
  collages,
  digits,
  type Regression,
  shirts,
  shuffledColumns,
  slabs,
  split,
  takeColumns,
} from "../data/index.ts";
import { bars, heatMap } from "../figures/index.ts";
import {
  accuracy,
  coordinateEnergy,
  diagonalShares,
  featureIterations,
  trainRelu,
} from "../measures/index.ts";

const settings = z.object({
  rows: z.int().min(100).max(5000).default(500).describe("training examples of the synthetic task"),
  testRows: z.int().min(200).max(20_000).default(2000).describe("its test examples"),
  noise: z.int().min(1).max(100).default(10).describe("its inputs of noise"),
  wrong: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe("probability that the simple feature is that of the other label"),
  collages: z
    .int()
    .min(100)
    .max(2000)
    .default(600)
    .describe("collages of images to train on, and to test on"),
  steps: z.int().min(100).max(50_000).default(2000).describe("steps of the network"),
  seed: z.int().min(0).default(0).describe("seed of examples, shuffles and network"),
});

/** Pixels in a row of each part of a collage. */
const [shirtSide, digitSide] = [14, 8];
const places = ["as they are", "simple shuffled", "complex shuffled"] as const;

export default claim({
  code: "FL-13",
  id: "features/simplicity-bias",
  title: "Where a simple feature is enough, a complex one is not learned",
  statement: String.raw`If a simple and a complex feature both tell the label, learned features and predictions use the simple one only. Synthetic: a label that
    $x_0$ tells by its sign and $x_1$ by alternating slabs; real: collages of a T-shirt or a shirt with the digit 0 or 1. Shuffling the complex
    feature between test examples changes nothing, shuffling the simple one brings accuracy down to chance, although
    the complex feature alone can be learned. A plain kernel machine behaves like that too; the metric of a feature machine shows it.`,
  source:
    "Radhakrishnan et al., arXiv:2212.13881; Shah et al., arXiv:2006.07710; images: Alpaydin & Kaynak, doi:10.24432/C50P49 (CC BY 4.0), and Fashion-MNIST (MIT)",
  status: "checked",
  seconds: 6,
  settings,
  full: { rows: 2000, testRows: 10_000, steps: 8000 },

  predict: () => ({
    /** Accuracy, in the order of `places`, of one who uses the simple feature only. */
    accuracies: [1, 1 / 2, 1],
    share: 1,
  }),

  async measure(chosen, laboratory) {
    const { rows, testRows, noise, wrong, collages: count, steps, seed } = chosen;
    const { engine, signal, progress } = laboratory;
    const generator = random(seed);
    const { train, test } = split(slabs(rows + testRows, noise, generator, { wrong }), rows);
    const synthetic = await featuresUsed(laboratory, train, test, { simple: [0], complex: [1] }, generator);
    const { network, parameters } = await trainRelu(engine, { ...train, scale: 0.3, steps, seed, signal });
    const networkAccuracies = [];
    for (const x of synthetic.tests)
      networkAccuracies.push(accuracy(await network.value(parameters, x), test.y));
    progress(0.4, "collages");
    const [shirtImages, digitImages] = [await shirts(), await digits()];
    const draw = (part: "train" | "test"): Regression =>
      collages(count, shirtImages[part], digitImages[part], generator);
    const [left, right] = [shirtSide ** 2, digitSide ** 2];
    const blocks = {
      complex: Array.from({ length: left }, (_, k) => k),
      simple: Array.from({ length: right }, (_, k) => left + k),
    };
    const real = await featuresUsed(laboratory, draw("train"), draw("test"), blocks, generator);
    return {
      synthetic: synthetic.result,
      network: networkAccuracies,
      collages: real.result,
    };
  },

  judge({ accuracies, share }, { synthetic, collages }) {
    const [, chance] = accuracies;
    return verdict([
      atLeast("synthetic: accuracy", synthetic.accuracies[0]!, 0.99, 1),
      within("synthetic, x₀ shuffled: accuracy", synthetic.accuracies[1]!, 0.44, 0.56, chance),
      atLeast("synthetic, x₁ shuffled: accuracy", synthetic.accuracies[2]!, 0.99, 1),
      atLeast("synthetic: share of x₀ in tr M", synthetic.share, 0.97, share),
      atLeast("synthetic: accuracy without x₀", synthetic.alone.at(-1)!, 0.97),
      within("collages, digits shuffled: accuracy", collages.accuracies[1]!, 0.4, 0.6, chance),
      atLeast("collages, shirts shuffled: accuracy", collages.accuracies[2]!, 0.98, 1),
      atLeast("collages: share of the digits in tr M", collages.share, 0.8, share),
      atLeast("collages: accuracy of shirts alone, plain kernel", collages.alone[0]!, 0.75),
      atMost("the same", collages.alone[0]!, 0.95),
    ]);
  },

  figures: ({ accuracies }, { synthetic, network, collages }) => [
    {
      name: "accuracies",
      title: "Only the simple feature is used",
      caption: String.raw`Test accuracy as it is, and with one of the features taken from other test examples. Hollow: predictions by the simple feature alone.
        The last group: machines that were trained without the simple feature.`,
      spec: bars({
        x: { title: "test examples", categories: [...places, "trained without it"] },
        y: { title: "accuracy", domain: [0, 1.05] },
        series: [
          { label: "simple feature only", role: "prediction", values: [...accuracies, undefined] },
          {
            label: "feature machine, slabs",
            role: "measurement",
            values: [...synthetic.accuracies, synthetic.alone.at(-1)],
          },
          { label: "network, slabs", role: "measurement", values: [...network, undefined] },
          {
            label: "feature machine, collages",
            role: "measurement",
            values: [...collages.accuracies, collages.alone.at(-1)],
          },
        ],
      }),
    },
    {
      name: "metric",
      title: "The metric looks at the digit",
      caption: String.raw`Diagonal of the metric of the feature machine on collages, in percent of its trace, where the pixels are: the shirt on the left, the digit, in
        a frame, on the right. Digits have ${Math.round(100 * collages.share)} % of it.`,
      spec: heatMap({
        x: {
          title: "column",
          labels: Array.from({ length: shirtSide + digitSide + 1 }, (_, k) => k),
        },
        y: { title: "row", labels: Array.from({ length: shirtSide }, (_, k) => k) },
        values: collageOf(collages.shares).map((row) => row.map((share) => 100 * share)),
        value: { title: "share of the trace in %", scale: "sequential" },
      }),
    },
  ],

  contrast: {
    statement:
      "Where the simple feature is wrong in three of ten examples, it is not enough, and the complex one is learned.",
    settings: { wrong: 0.3 },
  },
});

interface Blocks {
  readonly simple: readonly number[];
  readonly complex: readonly number[];
}

/** What a feature machine relies on: with everything, and when it must do without the simple block. */
async function featuresUsed(
  { engine, signal }: Laboratory,
  train: Regression,
  test: Regression,
  { simple, complex }: Blocks,
  generator: Random,
) {
  const tests: readonly Matrix<Float64Array>[] = [
    test.x,
    shuffledColumns(test.x, simple, generator),
    shuffledColumns(test.x, complex, generator),
  ];
  const last = (await featureIterations(engine, { ...train, unseen: test.x, signal })).at(-1)!;
  const accuracies = [];
  for (const x of tests)
    accuracies.push(accuracy(await evaluate(engine, last.expansion, { coordinates: x }, signal), test.y));
  const rest = Array.from({ length: train.x.cols }, (_, k) => k).filter((k) => !simple.includes(k));
  const without = await featureIterations(engine, {
    x: takeColumns(train.x, rest),
    y: train.y,
    unseen: takeColumns(test.x, rest),
    signal,
  });
  return {
    tests,
    result: {
      accuracies,
      /** Of the simple block in tr M. */
      share: coordinateEnergy(last.metric, simple),
      shares: diagonalShares(last.metric),
      /** Without it, by iteration. */
      alone: without.map(({ values }) => accuracy(values, test.y)),
    },
  };
}

/** Rows of a picture: the shirt, a gap, and the digit in the middle of what is left. */
function collageOf(shares: readonly number[]): number[][] {
  const above = (shirtSide - digitSide) / 2;
  return Array.from({ length: shirtSide }, (_, row) => {
    const digitRow = row - above;
    const from = shirtSide ** 2 + digitRow * digitSide;
    const inside = digitRow >= 0 && digitRow < digitSide;
    return [
      ...shares.slice(row * shirtSide, (row + 1) * shirtSide),
      0,
      ...(inside ? shares.slice(from, from + digitSide) : Array<number>(digitSide).fill(0)),
    ];
  });
}
