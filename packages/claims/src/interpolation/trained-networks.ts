import { breather, denseNetwork, type Matrix, permutation, random, type Random, workspace } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, type Laboratory, verdict, within } from "../claim.ts";
import { gaussianMatrix, gaussianVector, logSpaced } from "../data/index.ts";
import { curves, panels } from "../figures/index.ts";
import { adam, averaged, mean } from "../measures/index.ts";

const settings = z
  .object({
    dimension: z.int().min(2).max(100).default(10).describe("input dimension d"),
    width: z.int().min(8).max(2048).default(128).describe("neurons of each of the two hidden layers"),
    samples: z
      .array(z.int().min(10).max(10_000))
      .min(2)
      .max(6)
      .default([50, 400])
      .describe("training points n, ascending"),
    target: z
      .number()
      .min(1e-6)
      .max(10)
      .default(3e-3)
      .describe("training error (mean square) at which training ends; the noise has variance 1"),
    rate: z.number().min(1e-5).max(0.1).default(3e-3).describe("η of Adam"),
    batch: z.int().min(1).max(10_000).default(50).describe("examples of each gradient"),
    steps: z.int().min(100).max(100_000).default(10_000).describe("steps at most"),
    testPoints: z.int().min(100).max(10_000).default(2000).describe("points for the excess"),
    networks: z
      .array(z.int().min(1).max(200))
      .default([30, 6])
      .describe("by n: data sets, each with a network"),
    seed: z.int().min(0).default(0).describe("seed of data, networks and order of examples"),
  })
  .refine(({ samples, networks }) => networks.length === samples.length, {
    path: ["networks"],
    message: "there must be a number for each n",
  });

type Settings = z.output<typeof settings>;

/** Steps between two looks. */
const every = 20;

export default claim({
  code: "IN-10",
  id: "interpolation/trained-networks",
  title: "Trained networks: tempered at the end, benign when stopped early",
  statement: String.raw`Train a ReLU network of two hidden layers by Adam on labels $\sin x_0+\frac12x_1+\varepsilon$ with noise of variance 1 until it
    interpolates them. Its excess test error stays of the order of the noise, neither near 0 nor diverging, when there are
    more examples. The best moment of training, which one who knows the truth would choose, is much better, and gets better with $n$.`,
  source: "Mallinar et al., arXiv:2207.06569",
  status: "checked",
  seconds: 12,
  settings,
  full: { width: 256, samples: [50, 200, 800], target: 1e-3, steps: 40_000, networks: [20, 6, 3] },

  /** E f², the excess of predicting 0. */
  predict: () => ({ zero: (1 - Math.exp(-2)) / 2 + 1 / 4 }),

  async measure(chosen, laboratory) {
    const { samples, networks, seed } = chosen;
    const generator = random(seed);
    const work = samples.map((n, i) => n * networks[i]!);
    const total = work.reduce((sum, one) => sum + one, 0);
    let done = 0;
    const runs: Run[][] = [];
    for (const [i, n] of samples.entries()) {
      const own: Run[] = [];
      for (let k = 0; k < networks[i]!; k++) {
        own.push(await trained(chosen, n, generator, laboratory));
        laboratory.progress((done += n) / total, `n = ${n}`);
      }
      runs.push(own);
    }
    return { runs };
  },

  judge(_, { runs }, { samples, target }) {
    const ends = runs.map((own) => mean(own.map(endOf)));
    const bests = runs.map((own) => mean(own.map(bestOf)));
    const [first, last] = [samples[0]!, samples.at(-1)!];
    return verdict([
      atMost(
        "largest training error / σ² at the end",
        Math.max(...runs.flat().map(({ looks }) => looks.at(-1)!.training)),
        target,
      ),
      ...samples.map((n, i) => within(`mean excess / σ² at the end, n = ${n}`, ends[i]!, 0.35, 1.3)),
      atMost(`mean excess at the best moment / at the end, n = ${last}`, bests.at(-1)! / ends.at(-1)!, 0.6),
      atLeast(`mean excess at the best moment, n = ${first} / n = ${last}`, bests[0]! / bests.at(-1)!, 2),
    ]);
  },

  figures({ zero }, { runs }, { samples, networks, target }) {
    const x = { title: "steps of Adam", scale: "log" } as const;
    const shown = Math.min(3, ...networks);
    const longest = Math.max(...runs.flat().map(({ looks }) => looks.at(-1)!.step));
    const places = logSpaced(every, Math.max(longest, 2 * every), 40);
    const drawn = ({ looks }: Run): Look[] =>
      looks.filter(
        ({ step }, at) =>
          at === looks.length - 1 || places.some((place) => step >= place && step - every < place),
      );
    const courses = (of: (look: Look) => number) =>
      samples.map((n, i) => ({
        label: `n = ${n}`,
        role: "measurement" as const,
        points: runs[i]!.slice(0, shown)
          .flatMap(drawn)
          .map((look) => ({ x: look.step, y: of(look) })),
      }));
    const level = (label: string, y: number, ends: readonly number[]) => ({
      label,
      role: "bound" as const,
      points: ends.map((end) => ({ x: end, y })),
    });
    return [
      {
        name: "training",
        title: "Excess in the course of training",
        caption: String.raw`${shown} networks for each $n$, until they interpolate. The excess is smallest after few steps, and then settles at a value of the order of the
          noise while the training error goes on falling.`,
        spec: panels({
          panels: [
            {
              x,
              y: { title: "excess / σ²", scale: "log" },
              series: [...courses(({ excess }) => excess), level("prediction 0", zero, [every, longest])],
            },
            {
              x,
              y: { title: "training error / σ²", scale: "log" },
              series: [
                ...courses(({ training }) => training),
                level("training ends", target, [every, longest]),
              ],
            },
          ],
        }),
      },
      {
        name: "examples",
        title: "Excess by the number of examples",
        caption: String.raw`Means over ${networks.join(", ")} networks, bars: standard error. Interpolating networks hardly profit from more examples; those that stop at the
          best moment, which only one who knows the truth can choose, do.`,
        spec: curves({
          x: { title: "examples n", scale: "log" },
          y: { title: "excess / σ²", domain: [0, 1.2] },
          series: [
            {
              label: "interpolating",
              role: "measurement",
              points: samples.map((n, i) => averaged(n, runs[i]!.map(endOf))),
            },
            {
              label: "best moment",
              role: "measurement",
              points: samples.map((n, i) => averaged(n, runs[i]!.map(bestOf))),
            },
            level("prediction 0", zero, [samples[0]!, samples.at(-1)!]),
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Networks that stop when their training error is that of the noise do not interpolate: the best moment is not much better.`,
    settings: { target: 1, networks: [10, 3] },
  },
});

interface Look {
  readonly step: number;
  /** Mean square of the residuals, over σ² = 1. */
  readonly training: number;
  readonly excess: number;
}

interface Run {
  /** At the start, every so many steps, and at the end. */
  readonly looks: readonly Look[];
}

function endOf({ looks }: Run): number {
  return looks.at(-1)!.excess;
}

function bestOf({ looks }: Run): number {
  return Math.min(...looks.map(({ excess }) => excess));
}

async function trained(
  { dimension, width, target, rate, batch, steps, testPoints }: Settings,
  n: number,
  generator: Random,
  { engine, signal }: Laboratory,
): Promise<Run> {
  const x = gaussianMatrix(n, dimension, generator);
  const noise = gaussianVector(n, generator);
  const labels = truth(x).map((value, i) => value + noise[i]!);
  const test = gaussianMatrix(testPoints, dimension, generator);
  const clean = truth(test);
  const network = denseNetwork(engine, {
    inputs: dimension,
    widths: [width, width],
    parameterization: { kind: "standard", weightStd: Math.SQRT2, biases: true },
  });
  const theta = network.initialize(generator.integer(2 ** 31));
  const update = adam(network.parameters, { rate });
  const pause = breather(signal);
  const [room, own] = [workspace(engine), workspace(engine)];
  const meanSquare = async (points: Matrix, expected: Float64Array): Promise<number> => {
    own.rewind();
    const { data } = await network.value(theta, points, own);
    return mean(expected.map((value, i) => (data[i]! - value) ** 2));
  };
  const looks: Look[] = [];
  let order: Int32Array = new Int32Array(0);
  for (let step = 0; ; step++) {
    if (step % every === 0 || step === steps) {
      const training = await meanSquare(x, labels);
      looks.push({ step, training, excess: await meanSquare(test, clean) });
      if (training < target || step === steps) return { looks };
    }
    if (order.length === 0) order = permutation(n, generator);
    const rows = order.subarray(0, batch);
    order = order.subarray(rows.length);
    room.rewind();
    const inputs = room.take(rows.length, dimension);
    rows.forEach((row, i) =>
      inputs.data.set(x.data.subarray(row * dimension, (row + 1) * dimension), i * dimension),
    );
    const { value, pull } = await network.pullback(theta, inputs, room);
    const slopes = room.take(rows.length, 1);
    rows.forEach((row, i) => (slopes.data[i] = (2 / rows.length) * (value.data[i]! - labels[row]!)));
    update(theta, await pull(slopes));
    await pause();
  }
}

/** sin x_0 + ½ x_1. */
function truth({ data, rows, cols }: Matrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => Math.sin(data[i * cols]!) + data[i * cols + 1]! / 2);
}
