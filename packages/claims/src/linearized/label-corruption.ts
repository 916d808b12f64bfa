import { denseNetwork, type Engine, type Matrix, random, trainingSteps } from "lineament";
import { z } from "zod";
import { atLeast, atMost, type Check, claim, verdict, within } from "../claim.ts";
import { corruptedSigns, dot, rowsOf, spherePoints, unitVector } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { mean, sphereKernel, standardDeviation } from "../measures/index.ts";
import {
  descentFilter,
  expectedDifficulty,
  kernelModes,
  labelDifficulty,
  reluTangentGram,
  stepKernel,
  trainedOutputAt,
  trainingCoefficients,
  trainingLoss,
} from "../predictions/index.ts";

const settings = z
  .object({
    samples: z.int().min(10).max(500).default(100).describe("training points n"),
    dimension: z.int().min(2).max(100).default(20).describe("input dimension d"),
    testPoints: z.int().min(100).max(10_000).default(1000).describe("test points, with clean labels"),
    widths: z
      .array(z.int().min(2).max(20_000).multipleOf(2))
      .min(1)
      .max(4)
      .default([1024])
      .describe("neurons N, even numbers"),
    fractions: z
      .array(z.number().min(0).max(1))
      .min(2)
      .max(11)
      .default([0, 0.5, 1])
      .describe("p, parts of the labels replaced by random signs, ascending"),
    dataSets: z.int().min(1).max(50).default(5).describe("data sets, each with its networks"),
    rate: z
      .number()
      .min(0.05)
      .max(1.9)
      .default(0.9)
      .describe("step of gradient descent, in units of 1/λ_max of the limit kernel; stable below 2"),
    steps: z.int().min(50).max(5000).default(600).describe("steps of gradient descent"),
    seed: z.int().min(0).default(0).describe("seed of data and networks"),
  })
  .refine(({ fractions }) => fractions.every((p, at) => at === 0 || p > fractions[at - 1]!), {
    path: ["fractions"],
    message: "they must ascend",
  });

type Settings = z.output<typeof settings>;

/** Mean squared loss at which labels count as fitted. */
const fitted = 0.01;

/** Training is drawn until the predicted mean squared loss is this. */
const shownLoss = 2e-3;

export default claim({
  code: "LZ-23",
  id: "linearized/label-corruption",
  title: "Random labels are fitted as perfectly as true ones, and the kernel knows how fast",
  statement: String.raw`Replace a fraction $p$ of the labels by random signs. A wide network reaches zero training error at every $p$, in only moderately
    more steps, while its test accuracy falls to chance. In the lazy regime the limit kernel $K=U\Lambda U^\top$ predicts all of it:
    $$\hat L(k)=\tfrac12\sum_i(1-\eta\lambda_i)^{2k}\langle u_i,y\rangle^2,$$
    the predictor of kernel gradient descent, and a difficulty $\sqrt{y^\top K^{-1}y/n}$ that grows with $p$.`,
  source: "Lecture 11: Linearized Networks, Figure 1b; Zhang et al., arXiv:1611.03530",
  status: "checked",
  seconds: 15,
  settings,
  full: { widths: [2048, 8192], fractions: [0, 0.25, 0.5, 0.75, 1] },

  predict(chosen) {
    const { samples: n, fractions, rate, steps } = chosen;
    return problems(chosen).map(({ x, test, direction, labels }) => {
      const modes = kernelModes(reluTangentGram(rowsOf(x)));
      const step = rate / modes.values.at(-1)!;
      const cross = crossKernel(rowsOf(test), rowsOf(x));
      const clean = Array.from(labels(0));
      const truth = rowsOf(test).map((point) => Math.sign(dot(point, Array.from(direction))));
      const accuracy = (p: number): number => {
        const coefficients = trainingCoefficients(modes, Array.from(labels(p)), descentFilter(step, steps));
        return agreement(
          cross.map((row) => trainedOutputAt(row, 0, coefficients)),
          truth,
        );
      };
      return {
        runs: fractions.map((p) => {
          const y = Array.from(labels(p));
          const losses = Array.from(
            { length: steps + 1 },
            (_, k) => (2 * trainingLoss(modes, y, descentFilter(step, k))) / n,
          );
          return {
            losses,
            fittedAt: firstBelow(losses, fitted),
            accuracy: accuracy(p),
            difficulty: labelDifficulty(modes, y),
            expectedDifficulty: expectedDifficulty(modes, clean, p),
          };
        }),
        /** At p = 0, 0.1, …, 1. */
        accuracies: shownFractions.map(accuracy),
      };
    });
  },

  async measure(chosen, { engine, signal, progress }) {
    const { widths, fractions, dataSets } = chosen;
    const work = dataSets * fractions.length * widths.reduce((sum, width) => sum + width, 0);
    let done = 0;
    /** By width, data set and fraction. */
    const runs: Run[][][] = [];
    for (const width of widths) {
      const generator = random(chosen.seed + 1);
      const sets: Run[][] = [];
      for (const problem of problems(chosen)) {
        const networkSeed = generator.integer(2 ** 32);
        const row: Run[] = [];
        for (const p of fractions) {
          row.push(await training(engine, problem, p, { ...chosen, width, networkSeed, signal }));
          progress((done += width) / work, `N = ${width}, p = ${p}`);
        }
        sets.push(row);
      }
      runs.push(sets);
    }
    return runs;
  },

  judge(predicted, measured, { widths, fractions }) {
    const [first, last] = [0, fractions.length - 1];
    const over = (value: (run: (typeof predicted)[number]["runs"][number]) => number): number[] =>
      fractions.map((_, at) => mean(predicted.map(({ runs }) => value(runs[at]!))));
    const difficulty = over((run) => run.difficulty);
    const expected = over((run) => run.expectedDifficulty);
    const fittedAt = over((run) => run.fittedAt ?? Infinity);
    return verdict([
      ...widths.flatMap((width, i) => {
        const pairs = measured[i]!.flatMap((row, set) =>
          row.map((run, at) => ({ run, kernel: predicted[set]!.runs[at]! })),
        );
        const accuracy = fractions.map((_, at) => mean(measured[i]!.map((row) => row[at]!.accuracy)));
        const of = `N = ${width}`;
        return [
          atLeast(
            `least training accuracy, all p, ${of}`,
            Math.min(...pairs.map(({ run }) => run.trainingAccuracy)),
            1,
          ),
          atMost(
            `largest |mean squared loss − prediction|, all p and steps, ${of}`,
            Math.max(
              ...pairs.flatMap(({ run, kernel }) =>
                kernel.losses.map((loss, k) => Math.abs((run.losses[k] ?? Infinity) - loss)),
              ),
            ),
            0.05,
          ),
          atMost(
            `largest |test accuracy − that of the kernel|, all p, ${of}`,
            Math.max(...pairs.map(({ run, kernel }) => Math.abs(run.accuracy - kernel.accuracy))),
            0.04,
          ),
          ...(fractions[first] === 0 && fractions[last] === 1
            ? [
                atLeast(
                  `test accuracy at p = 0 less that at p = 1, ${of}`,
                  accuracy[first]! - accuracy[last]!,
                  0.2,
                ),
              ]
            : []),
          ...(fractions[last] === 1
            ? [within(`test accuracy at p = 1, ${of}`, accuracy[last]!, 0.42, 0.58, 0.5)]
            : []),
        ];
      }),
      // Two neighboring p differ by less than labels do: the order is that of the expectation.
      positive(
        "least growth of √(E yᵀK⁻¹y/n) from one p to the next",
        Math.min(...expected.slice(1).map((value, i) => value - expected[i]!)),
      ),
      positive(
        `growth of √(yᵀK⁻¹y/n) from p = ${fractions[first]!} to p = ${fractions[last]!}, labels as drawn`,
        difficulty[last]! - difficulty[first]!,
        expected[last]! - expected[first]!,
      ),
      within(
        `predicted steps to loss ${fitted}, p = ${fractions[last]!} over p = ${fractions[first]!}`,
        fittedAt[last]! / fittedAt[first]!,
        1.1,
        2,
      ),
    ]);
  },

  figures(predicted, measured, chosen) {
    const { widths, fractions, dataSets, samples } = chosen;
    const widest = widths.indexOf(Math.max(...widths));
    const end = Math.max(
      ...predicted[0]!.runs.map(({ losses }) => firstBelow(losses, shownLoss) ?? losses.length - 1),
    );
    const every = Math.ceil(end / 30);
    const middle = Math.floor((fractions.length - 1) / 2);
    const statistics = (x: number, values: readonly number[]) => ({
      x,
      y: mean(values),
      error: standardDeviation(values),
    });
    const fittedAt = (p: number, of: readonly Run[][]): number[] =>
      of.map((row) => firstBelow(row[p]!.losses, fitted) ?? NaN);
    const reached = measured.flatMap((sets) => fractions.flatMap((_, p) => fittedAt(p, sets)));
    const latest = 1.1 * Math.max(1, ...reached.filter(Number.isFinite));
    return [
      {
        name: "training",
        title: `Training on corrupted labels, N = ${widths[widest]!}`,
        caption: String.raw`Mean squared loss on ${samples} points of which a fraction $p$ has random labels: a network, and the closed form with the limit kernel, nothing
          fitted. Corrupted labels are fitted a little later, but as well.`,
        spec: curves({
          x: { title: "steps of gradient descent", domain: [0, end] },
          y: { title: "mean squared training loss", domain: [0, 1.03] },
          series: [...new Set([0, middle, fractions.length - 1])].flatMap((at) => [
            {
              label: `p = ${fractions[at]!}`,
              role: "prediction" as const,
              points: predicted[0]!.runs[at]!.losses.slice(0, end + 1).map((y, x) => ({ x, y })),
            },
            {
              label: `p = ${fractions[at]!}`,
              role: "measurement" as const,
              points: measured[widest]![0]![at]!.losses.slice(0, end + 1).flatMap((y, x) =>
                x % every === 0 ? [{ x, y }] : [],
              ),
            },
          ]),
        }),
      },
      {
        name: "accuracy",
        title: "Test accuracy falls to chance, training accuracy stays",
        caption: String.raw`Accuracy on the training labels, corrupted as they are, and on clean test labels: means of ${dataSets} data sets with their standard
          deviations. Line: gradient descent with the limit kernel on the same data.`,
        spec: curves({
          x: { title: "fraction p of random labels" },
          y: { title: "accuracy", domain: [0.4, 1.02] },
          series: [
            {
              label: "limit kernel, test",
              role: "prediction",
              points: shownFractions.map((x, i) => ({
                x,
                y: mean(predicted.map(({ accuracies }) => accuracies[i]!)),
              })),
            },
            ...widths.flatMap((width, i) =>
              (
                [
                  ["test", "accuracy"],
                  ["training", "trainingAccuracy"],
                ] as const
              ).map(([word, key]) => ({
                label: `N = ${width}, ${word}`,
                role: "measurement" as const,
                points: fractions.map((p, at) =>
                  statistics(
                    p,
                    measured[i]!.map((row) => row[at]![key]),
                  ),
                ),
              })),
            ),
            { label: "chance", role: "bound", points: [0, 1].map((x) => ({ x, y: 0.5 })) },
          ],
        }),
      },
      {
        name: "steps",
        title: "Random labels take only moderately longer",
        caption: String.raw`Steps to a mean squared loss of ${fitted}: means of ${dataSets} data sets, with standard deviations. Finite networks are a little later than their
          limit kernel.`,
        spec: curves({
          x: { title: "fraction p of random labels" },
          y: { title: `steps to a mean squared loss of ${fitted}`, domain: [0, latest] },
          series: [
            {
              label: "limit kernel",
              role: "prediction",
              points: fractions.map((x, at) => ({
                x,
                y: mean(predicted.map(({ runs }) => runs[at]!.fittedAt ?? NaN)),
              })),
            },
            ...widths.map((width, i) => ({
              label: `N = ${width}`,
              role: "measurement" as const,
              points: fractions.map((p, at) => statistics(p, fittedAt(at, measured[i]!))),
            })),
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Eight neurons, in four mirrored pairs, are not wide: after as many steps some labels are still not fitted, and the kernel does not predict what they do.`,
    settings: { widths: [8], dataSets: 1 },
  },
});

/** Places of the predicted accuracy. */
const shownFractions = Array.from({ length: 11 }, (_, i) => i / 10);

/** One network after training. */
interface Run {
  /** Mean squared loss at every step, the start included. */
  readonly losses: readonly number[];
  readonly trainingAccuracy: number;
  /** On clean test labels. */
  readonly accuracy: number;
}

interface Problem {
  readonly x: Matrix<Float64Array>;
  readonly test: Matrix<Float64Array>;
  /** True labels are signs of inner products with it. */
  readonly direction: Float64Array;
  /** Training labels with a fraction replaced; nested. */
  readonly labels: (fraction: number) => Float64Array;
}

function problems({ samples, dimension, testPoints, dataSets, seed }: Settings): Problem[] {
  const generator = random(seed);
  return Array.from({ length: dataSets }, () => {
    const x = spherePoints(samples, dimension, generator);
    const test = spherePoints(testPoints, dimension, generator);
    const direction = unitVector(dimension, generator);
    const corruption = generator.integer(2 ** 32);
    const clean = signs(x, direction);
    return { x, test, direction, labels: (p) => corruptedSigns(clean, p, random(corruption)) };
  });
}

function signs(x: Matrix<Float64Array>, direction: Float64Array): Float64Array {
  return Float64Array.from(rowsOf(x), (row) => Math.sign(dot(row, Array.from(direction))));
}

/** ⟨x, x'⟩ (π − θ)/(2π). */
function crossKernel(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] {
  return a.map((row) =>
    b.map((other) => {
      const inner = dot(row, other);
      return inner * stepKernel(dot(row, row), dot(other, other), inner);
    }),
  );
}

/** Trains the first layer of N^{−1/2} Σ_i a_i ReLU(⟨w_i, x⟩), a_i = ±1, from a symmetrized start, where it is 0. */
async function training(
  engine: Engine,
  { x, test, direction, labels }: Problem,
  fraction: number,
  options: Settings & {
    readonly width: number;
    readonly networkSeed: number;
    readonly signal: AbortSignal;
  },
): Promise<Run> {
  const { samples: n, dimension, width, rate, steps, networkSeed, signal } = options;
  const y = labels(fraction);
  const network = denseNetwork(engine, {
    inputs: dimension,
    widths: [width],
    activation: "relu",
    parameterization: { kind: "scaled", gamma: 1 / Math.sqrt(width) },
    symmetrized: true,
    weightRates: [1, 0],
  });
  const limit = await engine.eigenSymmetric(await sphereKernel(engine, "relu-tangent", x));
  const losses: number[] = [];
  let trained = network.initialize(networkSeed);
  for await (const { loss, parameters } of trainingSteps(network, trained, {
    x,
    y: { data: y, rows: n, cols: 1 },
    // The kernel of the engine is divided by d.
    learningRate: rate / (dimension * limit.values.at(-1)!),
    steps,
    signal,
  })) {
    losses.push((2 * loss) / n);
    trained = parameters;
  }
  const accuracy = async (points: Matrix<Float64Array>, truth: Float64Array): Promise<number> =>
    agreement((await network.value(trained, points)).data, truth);
  return {
    losses,
    trainingAccuracy: await accuracy(x, y),
    accuracy: await accuracy(test, signs(test, direction)),
  };
}

/** The part of outputs that have the sign of their label. */
function agreement(outputs: ArrayLike<number>, labels: ArrayLike<number>): number {
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (outputs[i]! * labels[i]! > 0) right++;
  return right / labels.length;
}

function firstBelow(losses: readonly number[], level: number): number | undefined {
  const at = losses.findIndex((loss) => loss <= level);
  return at < 0 ? undefined : at;
}

function positive(name: string, measured: number, predicted?: number): Check {
  return { name, measured, predicted, condition: "above 0", holds: measured > 0 };
}
