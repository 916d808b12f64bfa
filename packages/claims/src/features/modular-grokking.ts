import { evaluate, type Matrix, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, type Laboratory, verdict } from "../claim.ts";
import { modularAddition, type Regression, rowsOf } from "../data/index.ts";
import { curves, heatMaps } from "../figures/index.ts";
import {
  accuracy,
  circulantEnergy,
  couplingBlock,
  featureIterations,
  meanSquaredError,
} from "../measures/index.ts";
import { uninformed } from "../predictions/index.ts";

const settings = z.object({
  modulus: z.int().min(7).max(97).default(31).describe("p; there are p² examples"),
  fraction: z.number().min(0.1).max(0.9).default(0.6).describe("part of them that is trained on"),
  bandwidth: z.number().min(0.5).max(20).default(2.5).describe("L of the Gaussian kernel"),
  ridge: z
    .number()
    .min(1e-14)
    .max(1)
    .default(1e-10)
    .describe("λ, added to the kernel matrix; so small that the machine interpolates"),
  exponent: z.number().min(0.1).max(2).default(0.5).describe("s in M = AGOP^s"),
  centered: z.boolean().default(true).describe("whether mean gradients are subtracted from the AGOP"),
  iterations: z.int().min(6).max(100).default(29).describe("metric updates T"),
  controls: z
    .boolean()
    .default(true)
    .describe("whether the machines with M = AGOP, and without centering, run too"),
  seed: z.int().min(0).default(0).describe("seed of the choice of training examples"),
});
type Settings = z.output<typeof settings>;

/** Iterates whose features are drawn, before the last. */
const drawn = [1, 4, 9];

export default claim({
  code: "FL-10",
  id: "features/modular-grokking",
  title: "A kernel machine groks modular addition, and its features show it coming",
  statement: String.raw`A Gaussian kernel machine interpolates part of the table of $a+b\bmod p$, in one-hot codes, and is wrong on all the rest. Updates of its
    metric, $M=(\text{centered AGOP})^{1/2}$, leave that so for many iterations, until accuracy goes to 1 within a few. In the
    meantime the block of $M$ that ties $a$ to $b$ becomes circulant, steadily and from the first update: progress that
    neither accuracy shows. With $M=\text{AGOP}$, or without centering, the machine stops halfway.`,
  source: "Mallinar et al., arXiv:2407.20199",
  status: "checked",
  seconds: 14,
  settings,
  full: { modulus: 61, fraction: 0.5, controls: false },

  predict: ({ modulus }) => uninformed(modulus),

  async measure(chosen, laboratory) {
    const { modulus, fraction, seed, exponent, centered, controls } = chosen;
    const { train, test } = modularAddition(modulus, fraction, random(seed));
    const machines = [
      { name: "machine", exponent, centered },
      ...(controls
        ? [
            { name: "M = AGOP", exponent: 1, centered: true },
            { name: "not centered", exponent: 1 / 2, centered: false },
          ]
        : []),
    ];
    const runs = [];
    for (const [k, machine] of machines.entries()) {
      laboratory.progress(k / machines.length, machine.name);
      const iterates = await grokking({ ...chosen, ...machine }, train, test, laboratory);
      runs.push({ name: machine.name, iterates });
    }
    return runs.map(({ name, iterates }, k) => ({
      name,
      iterates: iterates.map(({ train, test, loss, energy }) => ({ train, test, loss, energy })),
      blocks:
        k > 0
          ? []
          : [...drawn.filter((iteration) => iteration < iterates.length - 1), iterates.length - 1].map(
              (iteration) => ({
                iteration,
                entries: overLargest(iterates[iteration]!.block),
              }),
            ),
    }));
  },

  judge(chance, [machine, ...controls]) {
    const { iterates } = machine!;
    const last = iterates.at(-1)!;
    const before = iterates.slice(0, 7).map(({ test }) => test);
    return verdict([
      atLeast("training accuracy at iteration 0", iterates[0]!.train, 1),
      atMost("largest test accuracy of iterations 0 to 6", Math.max(...before), 0.05, chance.accuracy),
      atLeast(`test accuracy at iteration ${iterates.length - 1}`, last.test, 0.9, 1),
      atLeast("circulant energy at iteration 3", iterates[3]!.energy, 0.35),
      atLeast("circulant energy at the end", last.energy, 0.95, 1),
      ...controls.map(({ name, iterates }) =>
        atMost(`control, ${name}: test accuracy at the end`, iterates.at(-1)!.test, 0.85),
      ),
    ]);
  },

  figures(chance, runs, { modulus, fraction }) {
    const { iterates, blocks } = runs[0]!;
    const against = (of: (one: (typeof iterates)[number]) => number, of0 = iterates) =>
      of0.map((one, x) => ({ x, y: of(one) }));
    const flat = (y: number) => [0, iterates.length - 1].map((x) => ({ x, y }));
    const labels = Array.from({ length: modulus }, (_, k) => k);
    return [
      {
        name: "grokking",
        title: "Accuracy jumps, features grow steadily",
        caption: String.raw`Addition modulo ${modulus}, trained on ${Math.round(100 * fraction)} % of the table. Training accuracy is 1 from the beginning and test accuracy 0 for long; the
          circulant energy of the block of $M_t$ that ties the two numbers to each other rises all the while. The test loss is
          that of one-hot targets, relative to predicting 0.`,
        spec: curves({
          x: { title: "iteration t" },
          y: { title: "accuracy, energy, loss" },
          series: [
            { label: "energy of noise", role: "bound", points: flat(chance.circulantEnergy) },
            { label: "training accuracy", role: "measurement", points: against(({ train }) => train) },
            { label: "test accuracy", role: "measurement", points: against(({ test }) => test) },
            { label: "circulant energy", role: "measurement", points: against(({ energy }) => energy) },
            { label: "test loss", role: "measurement", points: against(({ loss }) => loss) },
          ],
        }),
      },
      {
        name: "features",
        title: "The metric becomes circulant",
        caption: String.raw`The block of $M_t$ that ties the code of $b$ to that of $a$, minus its mean and divided by its largest entry. Stripes are entries that
          depend on $a-b$ or $a+b$ alone.`,
        spec: heatMaps({
          x: { title: "a", labels },
          y: { title: "b", labels },
          columns: 2,
          maps: blocks.map(({ iteration, entries }) => ({
            title: `iteration ${iteration}`,
            values: entries,
          })),
          value: { title: "entry / largest entry", scale: "diverging", domain: [-1, 1] },
        }),
      },
      ...(runs.length === 1
        ? []
        : [
            {
              name: "controls",
              title: "Which metric groks",
              caption: String.raw`Test accuracy of the machine and of its controls: the metric $M=\text{AGOP}$ instead of its root, and gradients that are not
                centered.`,
              spec: curves({
                x: { title: "iteration t" },
                y: { title: "test accuracy", domain: [0, 1.05] },
                series: runs.map((run, k) => ({
                  label: k === 0 ? "M = √(centered AGOP)" : run.name,
                  role: "measurement" as const,
                  points: against(({ test }) => test, run.iterates),
                })),
              }),
            },
          ]),
    ];
  },

  contrast: {
    statement: String.raw`With $M=\text{AGOP}$ strong features outgrow the others, and the machine stays far from 1.`,
    settings: { exponent: 1, controls: false },
  },
});

interface GrokkingIterate {
  readonly train: number;
  readonly test: number;
  /** Mean squared error at test examples over that of predicting 0. */
  readonly loss: number;
  readonly energy: number;
  readonly block: Matrix<Float64Array>;
}

async function grokking(
  { bandwidth, ridge, exponent, centered, iterations }: Settings,
  train: Regression,
  test: Regression,
  { engine, signal }: Laboratory,
): Promise<GrokkingIterate[]> {
  const options = {
    ...train,
    kernel: { family: "gaussian", bandwidth },
    ridge,
    iterations,
    power: exponent / 2,
    centered,
    normalization: "none",
    signal,
  } as const;
  const iterates = await featureIterations(engine, { ...options, unseen: test.x });
  const zero = new Float64Array(test.y.data.length);
  return Promise.all(
    iterates.map(async ({ metric, values, expansion }) => {
      const block = couplingBlock(metric);
      return {
        train: accuracy(await evaluate(engine, expansion, { coordinates: train.x }, signal), train.y),
        test: accuracy(values, test.y),
        loss: meanSquaredError(values.data, test.y.data) / meanSquaredError(zero, test.y.data),
        energy: circulantEnergy(block),
        block,
      };
    }),
  );
}

function overLargest(block: Matrix<Float64Array>): number[][] {
  const largest = Math.max(...block.data.map(Math.abs));
  return rowsOf(block).map((row) => row.map((value) => value / largest));
}
