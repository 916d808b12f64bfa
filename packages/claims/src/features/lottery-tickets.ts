import { type Engine, gradientOuterProduct, type Matrix, random, type Random, sample } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import {
  digits,
  gaussianMatrix,
  oneHot,
  type Regression,
  split,
  takeColumns,
  targetsOf,
} from "../data/index.ts";
import { bars, curves, heatMap } from "../figures/index.ts";
import {
  accuracy,
  diagonalShares,
  featureIterations,
  largestPlaces,
  mean,
  standardDeviation,
  trainRelu,
} from "../measures/index.ts";

const settings = z.object({
  dimension: z
    .int()
    .min(10)
    .max(200)
    .default(50)
    .describe("inputs d of the synthetic task, of which 3 matter"),
  rows: z.int().min(200).max(5000).default(1000).describe("its training examples"),
  testRows: z.int().min(200).max(20_000).default(2000).describe("its test examples"),
  pixels: z
    .array(z.int().min(2).max(64))
    .min(1)
    .max(8)
    .default([8, 12, 16, 24])
    .describe("how many of the 64 pixels of a digit are kept; the verdict is about the first"),
  randomSets: z
    .int()
    .min(2)
    .max(50)
    .default(5)
    .describe("random choices of inputs that accuracies are means over"),
  keep: z
    .enum(["largest", "smallest"])
    .default("largest")
    .describe("which entries of diag M make the ticket"),
  steps: z.int().min(100).max(50_000).default(2000).describe("steps of the networks"),
  seed: z.int().min(0).default(0).describe("seed of the synthetic task, of random choices and of networks"),
});
type Settings = z.output<typeof settings>;

/** Inputs that the label of the synthetic task depends on, and the start of networks. */
const relevant = [0, 1, 2];
const networkScale = 0.3;

export default claim({
  code: "FL-12",
  id: "features/lottery-tickets",
  title: "The inputs that a feature machine looks at are enough",
  statement: String.raw`Let a feature machine learn a metric $M$, keep the inputs with the largest entries of $\mathrm{diag}M$, and train plain machines from scratch on
    them alone. On $y=\mathrm{sgn}(x_0x_1+\frac12x_2)$ with 47 inputs of noise this ticket finds the three that matter, and a plain kernel
    machine and a network become much better than with all inputs, and better than the feature machine itself, whose metric keeps a rest
    on the noise. Of handwritten digits, 8 of 64 pixels are enough to tell nine in ten; random pixels are much worse.`,
  source:
    "Radhakrishnan et al., arXiv:2212.13881; digits: Alpaydin & Kaynak, doi:10.24432/C50P49 (CC BY 4.0)",
  status: "checked",
  seconds: 9,
  settings,
  full: { randomSets: 20, testRows: 10_000, pixels: [8, 12, 16, 24, 32, 48] },

  predict: () => ({ relevant, chance: 1 / 2 }),

  async measure(chosen, { engine, signal, progress }) {
    const generator = random(chosen.seed);
    const synthetic = await syntheticTask(engine, chosen, generator, signal);
    progress(0.4, "digits");
    const { train, test } = await digits();
    const [trainTargets, testTargets] = [oneHot(train.labels, 10), oneHot(test.labels, 10)];
    const examples = { train: { x: train.x, y: trainTargets }, test: { x: test.x, y: testTargets } };
    const iterates = await featureIterations(engine, { ...examples.train, unseen: test.x, signal });
    const shares = diagonalShares(iterates.at(-1)!.metric);
    const variances = columnVariances(train.x);
    const byPixels = [];
    for (const [k, count] of chosen.pixels.entries()) {
      const plain = async (columns: readonly number[]): Promise<number> =>
        plainAccuracy(engine, examples, columns, signal);
      const randomly: number[] = [];
      for (let r = 0; r < chosen.randomSets; r++)
        randomly.push(await plain([...sample(64, count, generator)]));
      byPixels.push({
        count,
        ticket: await plain(ticketOf(shares, count, chosen.keep)),
        variance: await plain(largestPlaces(variances, count)),
        random: mean(randomly),
        deviation: standardDeviation(randomly),
      });
      progress(0.5 + (0.5 * (k + 1)) / chosen.pixels.length, `${count} pixels`);
    }
    return {
      synthetic,
      digits: {
        byPixels,
        shares,
        kept: ticketOf(shares, chosen.pixels[0]!, chosen.keep),
        all: accuracy(iterates[0]!.values, testTargets),
      },
    };
  },

  judge({ relevant, chance }, { synthetic, digits }) {
    const [fewest] = digits.byPixels;
    return verdict([
      atLeast(
        "relevant inputs in the ticket of 3",
        synthetic.kept.filter((k) => relevant.includes(k)).length,
        relevant.length,
        relevant.length,
      ),
      atLeast("accuracy of the kernel machine on the ticket", synthetic.kernel.ticket, 0.93),
      atMost("accuracy of the kernel machine on all inputs", synthetic.kernel.all, 0.8),
      atMost("its mean accuracy on 3 random inputs", synthetic.kernel.random, 0.58, chance),
      atLeast("accuracy of the network on the ticket", synthetic.network.ticket, 0.9),
      atLeast("the same − its accuracy on all inputs", synthetic.network.ticket - synthetic.network.all, 0.1),
      atLeast(`digits: accuracy on the ticket of ${fewest!.count} pixels`, fewest!.ticket, 0.85),
      atLeast("the same − mean accuracy on random pixels", fewest!.ticket - fewest!.random, 0.15),
    ]);
  },

  figures: ({ chance }, { synthetic, digits }, { dimension, randomSets, keep }) => [
    {
      name: "digits",
      title: "Accuracy on digits against the pixels that are kept",
      caption: String.raw`Plain Laplace kernel machines retrained on some of the 64 pixels: those with the ${keep} entries in the metric of a feature machine, those of the
        largest variance, and random ones (mean and standard deviation of ${randomSets} choices).`,
      spec: curves({
        x: {
          title: "pixels kept",
          domain: [0, Math.max(...digits.byPixels.map(({ count }) => count)) * 1.05],
        },
        y: { title: "test accuracy", domain: [0, 1.05] },
        series: [
          {
            label: "all pixels",
            role: "bound",
            points: [0, 64].map((x) => ({ x, y: digits.all })),
          },
          {
            label: "feature machine's choice",
            role: "measurement",
            points: digits.byPixels.map(({ count, ticket }) => ({ x: count, y: ticket })),
          },
          {
            label: "largest variance",
            role: "measurement",
            points: digits.byPixels.map(({ count, variance }) => ({ x: count, y: variance })),
          },
          {
            label: "random",
            role: "measurement",
            points: digits.byPixels.map(({ count, random, deviation }) => ({
              x: count,
              y: random,
              error: deviation,
            })),
          },
        ],
      }),
    },
    {
      name: "mask",
      title: "The pixels that are kept first",
      caption: String.raw`Diagonal of the metric over its trace, in percent, where the pixels are; ✓ marks the ticket of ${digits.kept.length}.`,
      spec: heatMap({
        x: { title: "column", labels: Array.from({ length: 8 }, (_, k) => k) },
        y: { title: "row", labels: Array.from({ length: 8 }, (_, k) => k) },
        values: Array.from({ length: 8 }, (_, row) =>
          digits.shares.slice(8 * row, 8 * row + 8).map((share) => Math.round(1000 * share) / 10),
        ),
        value: { title: "share of the trace in %", scale: "sequential" },
        marks: digits.kept.map((pixel) => ({ row: Math.floor(pixel / 8), column: pixel % 8, text: "✓" })),
      }),
    },
    {
      name: "synthetic",
      title: `Three of ${dimension} inputs`,
      caption: String.raw`Test accuracy on $y=\mathrm{sgn}(x_0x_1+\frac12x_2)$ of a plain kernel machine, a feature machine and a network, with all inputs, with the
        ticket, and with three random inputs.`,
      spec: bars({
        x: { title: "inputs", categories: ["all", "ticket", "3 random"] },
        y: { title: "test accuracy", domain: [0, 1.05] },
        series: [
          { label: "chance", role: "bound", values: [chance, chance, chance] },
          {
            label: "kernel machine",
            role: "measurement",
            values: [synthetic.kernel.all, synthetic.kernel.ticket, synthetic.kernel.random],
          },
          {
            label: "feature machine",
            role: "measurement",
            values: [synthetic.machine, undefined, undefined],
          },
          {
            label: "network",
            role: "measurement",
            values: [synthetic.network.all, synthetic.network.ticket, undefined],
          },
        ],
      }),
    },
  ],

  contrast: {
    statement: String.raw`With the smallest entries of $\mathrm{diag}M$ instead, what is kept says nothing about the labels.`,
    settings: { keep: "smallest", pixels: [8], randomSets: 2 },
  },
});

interface Examples {
  readonly train: Regression;
  readonly test: Regression;
}

/** Test accuracy of the plain kernel machine that sees some columns only. */
async function plainAccuracy(
  engine: Engine,
  { train, test }: Examples,
  columns: readonly number[],
  signal: AbortSignal,
): Promise<number> {
  const [plain] = await featureIterations(engine, {
    x: takeColumns(train.x, columns),
    y: train.y,
    unseen: takeColumns(test.x, columns),
    iterations: 0,
    signal,
  });
  return accuracy(plain!.values, test.y);
}

async function syntheticTask(
  engine: Engine,
  { dimension, rows, testRows, keep, randomSets, steps, seed }: Settings,
  generator: Random,
  signal: AbortSignal,
) {
  const x = gaussianMatrix(rows + testRows, dimension, generator);
  const y = targetsOf(x, ([a, b, c]) => (a! * b! + c! / 2 > 0 ? 1 : -1));
  const examples = split({ x, y }, rows);
  const { train, test } = examples;
  const iterates = await featureIterations(engine, { ...train, unseen: test.x, signal });
  const kept = ticketOf(diagonalShares(iterates.at(-1)!.metric), relevant.length, keep);
  const randomly: number[] = [];
  for (let r = 0; r < randomSets; r++)
    randomly.push(
      await plainAccuracy(engine, examples, [...sample(dimension, relevant.length, generator)], signal),
    );
  const all = Array.from({ length: dimension }, (_, k) => k);
  const network = async (columns: readonly number[]) => {
    const inputs = takeColumns(train.x, columns);
    const trained = await trainRelu(engine, {
      x: inputs,
      y: train.y,
      scale: networkScale,
      steps,
      seed,
      signal,
    });
    const values = await trained.network.value(trained.parameters, takeColumns(test.x, columns));
    const agop = await gradientOuterProduct(trained.network, trained.parameters, inputs);
    return { accuracy: accuracy(values, test.y), top: largestPlaces(diagonalShares(agop), relevant.length) };
  };
  const [withAll, withTicket] = [await network(all), await network(kept)];
  return {
    kept,
    /** What the network would have kept. */
    keptByNetwork: withAll.top,
    machine: accuracy(iterates.at(-1)!.values, test.y),
    kernel: {
      all: accuracy(iterates[0]!.values, test.y),
      ticket: await plainAccuracy(engine, examples, kept, signal),
      random: mean(randomly),
    },
    network: { all: withAll.accuracy, ticket: withTicket.accuracy },
  };
}

function ticketOf(shares: readonly number[], count: number, keep: Settings["keep"]): number[] {
  return largestPlaces(keep === "largest" ? shares : shares.map((share) => -share), count);
}

function columnVariances({ data, rows, cols }: Matrix<Float64Array>): number[] {
  return Array.from({ length: cols }, (_, k) => {
    const column = Float64Array.from({ length: rows }, (_, i) => data[i * cols + k]!);
    return standardDeviation(column) ** 2;
  });
}
