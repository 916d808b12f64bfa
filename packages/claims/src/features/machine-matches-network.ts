import { neuralFeatureMatrix, random } from "lineament";
import { z } from "zod";
import { atLeast, claim, verdict } from "../claim.ts";
import { productTarget, rowsOf } from "../data/index.ts";
import { bars, heatMaps } from "../figures/index.ts";
import {
  coordinateEnergy,
  diagonalShares,
  featureIterations,
  largestPlaces,
  matrixPower,
  pearson,
  trainRelu,
} from "../measures/index.ts";

const settings = z.object({
  dimension: z.int().min(5).max(100).default(20).describe("inputs d, standard normal"),
  rows: z.int().min(200).max(5000).default(1000).describe("training examples n"),
  bandwidth: z.number().min(0.5).max(100).default(10).describe("L of the Laplace kernel"),
  ridge: z.number().min(1e-8).max(1).default(1e-3).describe("λ, added to the kernel matrix"),
  iterations: z.int().min(2).max(20).default(5).describe("metric updates T of the feature machine"),
  scale: z.number().min(0.02).max(3).default(0.1).describe("σ of the start of the network"),
  steps: z.int().min(100).max(100_000).default(4000).describe("steps of stochastic gradients"),
  seed: z.int().min(0).default(0).describe("seed of the examples, and of the network"),
});

/** Coordinates that the target x_0 x_1 depends on. */
const relevant = [0, 1];

export default claim({
  code: "FL-09",
  id: "features/machine-matches-network",
  title: "Feature machines find the features of networks",
  statement: String.raw`Train a recursive feature machine and a ReLU network on the same examples of $y=x_0x_1$. The metric $M_t$ that the machine learns resembles
    $W_1^\top W_1$, the neural feature matrix of the first layer, and both are largest on the two relevant coordinates. The machine
    is much sharper: what weights on other coordinates remain in the network come from its start.`,
  source: "Radhakrishnan et al., arXiv:2212.13881",
  status: "checked",
  seconds: 3,
  settings,
  full: { rows: 2000, steps: 8000 },

  predict: ({ dimension }) => ({
    correlation: 1,
    relevant,
    /** What the relevant coordinates have of the trace of a matrix without directions. */
    isotropicEnergy: relevant.length / dimension,
  }),

  async measure(chosen, { engine, signal, progress }) {
    const { dimension, rows, bandwidth, ridge, iterations, scale, steps, seed } = chosen;
    const { x, y } = productTarget(rows, dimension, random(seed));
    const iterates = await featureIterations(engine, {
      x,
      y,
      unseen: x,
      kernel: { family: "laplace", bandwidth, exponent: 1 },
      ridge,
      iterations,
      signal,
    });
    progress(0.5, "training the network");
    const { network, parameters } = await trainRelu(engine, { x, y, scale, steps, seed, signal });
    const weights = await neuralFeatureMatrix(network, parameters, 1);
    const [first, last] = [iterates[1]!.metric, iterates.at(-1)!.metric];
    const matrices = [
      { name: "√M₁", matrix: await matrixPower(engine, first, 1 / 2) },
      { name: "M₁", matrix: first },
      { name: `√M${subscript(iterations)}`, matrix: await matrixPower(engine, last, 1 / 2) },
      { name: `M${subscript(iterations)}`, matrix: last },
      { name: "WᵀW", matrix: weights },
    ];
    return matrices.map(({ name, matrix }) => {
      const largest = Math.max(...matrix.data.map(Math.abs));
      return {
        name,
        likeness: pearson(matrix, weights),
        energy: coordinateEnergy(matrix, relevant),
        top: largestPlaces(diagonalShares(matrix), relevant.length),
        entries: rowsOf(matrix).map((row) => row.map((value) => value / largest)),
      };
    });
  },

  judge({ correlation, relevant }, matrices) {
    const [firstRoot, , , last, weights] = matrices;
    const found = (top: readonly number[]): number => top.filter((k) => relevant.includes(k)).length;
    return verdict([
      atLeast(`correlation of ${firstRoot!.name} with WᵀW`, firstRoot!.likeness, 0.88, correlation),
      atLeast(`correlation of ${last!.name} with WᵀW`, last!.likeness, 0.82, correlation),
      ...[firstRoot!, last!, weights!].map(({ name, top }) =>
        atLeast(
          `relevant ones among the ${relevant.length} largest coordinates of ${name}`,
          found(top),
          relevant.length,
          relevant.length,
        ),
      ),
    ]);
  },

  figures({ isotropicEnergy, correlation }, matrices, { dimension }) {
    const labels = Array.from({ length: dimension }, (_, k) => k);
    const machine = matrices.slice(0, -1);
    return [
      {
        name: "matrices",
        title: "The metric of a machine and the weights of a network",
        caption: String.raw`$M_1^{1/2}$ and the last metric of a feature machine, and $W_1^\top W_1$ of a network trained on the same examples of $x_0x_1$, each divided by
          its largest entry.`,
        spec: heatMaps({
          x: { title: "input", labels },
          y: { title: "input", labels },
          maps: [matrices[0]!, matrices[3]!, matrices[4]!].map(({ name, entries }) => ({
            title: name,
            values: entries,
          })),
          value: { title: "entry / largest entry", scale: "diverging", domain: [-1, 1] },
        }),
      },
      {
        name: "scores",
        title: "Likeness and sharpness",
        caption: String.raw`Correlation of entries with $W_1^\top W_1$, and the share of the two relevant coordinates in the trace; a matrix without directions has
          ${isotropicEnergy}.`,
        spec: bars({
          x: { title: "matrix", categories: matrices.map(({ name }) => name) },
          y: { title: "correlation, share", domain: [0, 1.05] },
          series: [
            {
              label: "correlation with WᵀW",
              role: "measurement",
              values: machine.map(({ likeness }) => likeness),
            },
            {
              label: "correlation if they were alike",
              role: "bound",
              values: machine.map(() => correlation),
            },
            {
              label: "share of relevant inputs",
              role: "measurement",
              values: matrices.map(({ energy }) => energy),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`A network that starts ten times as large, $\sigma=1$, hardly moves its weights: the machine has features that they do not have.`,
    settings: { scale: 1 },
  },
});

function subscript(number: number): string {
  return String(number).replaceAll(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]!);
}
