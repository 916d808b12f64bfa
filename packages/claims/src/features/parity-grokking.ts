import { random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { sparseParity, split } from "../data/index.ts";
import { bars, curves } from "../figures/index.ts";
import { accuracy, coordinateEnergy, diagonalShares, featureIterations } from "../measures/index.ts";

const settings = z.object({
  dimension: z.int().min(5).max(60).default(20).describe("signs d of an example"),
  order: z.int().min(2).max(4).default(3).describe("k, how many of them are multiplied"),
  rows: z.int().min(100).max(5000).default(600).describe("training examples n"),
  testRows: z.int().min(200).max(10_000).default(1000).describe("test examples"),
  bandwidth: z.number().min(0.5).max(100).default(10).describe("L of the Laplace kernel"),
  ridge: z.number().min(1e-8).max(1).default(1e-3).describe("λ, added to the kernel matrix"),
  iterations: z.int().min(4).max(30).default(6).describe("metric updates T; the verdict looks at the fourth"),
  seed: z.int().min(0).default(0).describe("seed of the examples"),
});

/** The iterate that must have generalized. */
const judged = 4;

export default claim({
  code: "FL-11",
  id: "features/parity-grokking",
  title: "A kernel machine that knows its data by heart suddenly understands a parity",
  statement: String.raw`On $y=x_0x_1x_2$ with $x$ uniform on $\{\pm1\}^{20}$ a Laplace kernel machine interpolates 600 examples and is near chance on others.
    With the metric learned from its gradients, accuracy jumps within four updates, as the relevant coordinates
    gain a large share of the metric. Training accuracy, 1 from the beginning, shows nothing of it.`,
  source: "Radhakrishnan et al., arXiv:2212.13881; Mallinar et al., arXiv:2407.20199",
  status: "checked",
  seconds: 2,
  settings,
  full: { testRows: 10_000, iterations: 10 },

  predict: ({ dimension, order }) => ({
    chance: 1 / 2,
    /** What the relevant coordinates have of the trace before anything was learned. */
    isotropicEnergy: order / dimension,
    relevant: Array.from({ length: order }, (_, k) => k),
  }),

  async measure(chosen, { engine, signal }) {
    const { dimension, order, rows, testRows, bandwidth, ridge, iterations, seed } = chosen;
    const all = sparseParity(rows + testRows, dimension, order, random(seed));
    const { train, test } = split(all, rows);
    const iterates = await featureIterations(engine, {
      ...train,
      unseen: all.x,
      kernel: { family: "laplace", bandwidth, exponent: 1 },
      ridge,
      iterations,
      signal,
    });
    const relevant = Array.from({ length: order }, (_, k) => k);
    return iterates.map(({ metric, values }) => {
      const on = split({ x: all.x, y: values }, rows);
      return {
        train: accuracy(on.train.y, train.y),
        test: accuracy(on.test.y, test.y),
        energy: coordinateEnergy(metric, relevant),
        shares: diagonalShares(metric),
      };
    });
  },

  judge({ chance }, iterates) {
    const [first] = iterates;
    const later = iterates[judged];
    return verdict([
      atLeast("training accuracy at iteration 0", first!.train, 1),
      atMost("test accuracy at iteration 0", first!.test, 0.68, chance),
      atLeast(`test accuracy at iteration ${judged}`, later?.test ?? NaN, 0.97, 1),
      atLeast(`share of the relevant coordinates at iteration ${judged}`, later?.energy ?? NaN, 0.9, 1),
    ]);
  },

  figures({ chance, relevant }, iterates, { dimension, rows, order }) {
    const ends = [0, iterates.length - 1];
    const against = (of: (one: (typeof iterates)[number]) => number) =>
      iterates.map((one, x) => ({ x, y: of(one) }));
    return [
      {
        name: "accuracy",
        title: "Accuracy follows the features",
        caption: String.raw`Feature machine on ${rows} examples of a parity of ${order} among ${dimension} signs. The share of the relevant coordinates in the
          trace of $M_t$ and the test accuracy rise together; the training accuracy, 1 from the beginning, shows nothing of it.`,
        spec: curves({
          x: { title: "iteration t" },
          y: { title: "accuracy, share", domain: [0, 1.05] },
          series: [
            { label: "chance", role: "bound", points: ends.map((x) => ({ x, y: chance })) },
            { label: "training accuracy", role: "measurement", points: against(({ train }) => train) },
            { label: "test accuracy", role: "measurement", points: against(({ test }) => test) },
            {
              label: "share of relevant coordinates",
              role: "measurement",
              points: against(({ energy }) => energy),
            },
          ],
        }),
      },
      {
        name: "importances",
        title: "Which coordinates the metric looks at",
        caption: String.raw`Diagonal of $M_t$ over its trace. The prediction is that of the target, whose gradient is as large along each of its coordinates.`,
        spec: bars({
          x: { title: "coordinate", categories: iterates[0]!.shares.map((_, k) => String(k)) },
          y: { title: "share of the trace" },
          series: [
            {
              label: "of the target",
              role: "bound",
              values: iterates[0]!.shares.map((_, k) => (relevant.includes(k) ? 1 / order : undefined)),
            },
            ...[1, judged].flatMap((t) =>
              iterates[t]
                ? [
                    {
                      label: `iteration ${t}`,
                      role: "measurement" as const,
                      values: iterates[t].shares,
                    },
                  ]
                : [],
            ),
          ],
        }),
      },
    ];
  },

  contrast: {
    statement:
      "With 30 signs, 600 examples are too few: the gradients of the first machine hardly tell coordinates apart, and accuracy stays low.",
    settings: { dimension: 30 },
  },
});
