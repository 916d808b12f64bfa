import {
  type DenseNetwork,
  type Engine,
  gradientOuterProduct,
  type Matrix,
  neuralFeatureMatrix,
  random,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { gaussianMatrix, rowsOf, targetsOf } from "../data/index.ts";
import { heatMaps, panels } from "../figures/index.ts";
import { coordinateEnergy, matrixPower, pearson, trainRelu } from "../measures/index.ts";

const targets = {
  "x₀x₁": { f: (x: Float64Array) => x[0]! * x[1]!, relevant: [0, 1] },
  "x₀x₁ + x₂x₃": { f: (x: Float64Array) => x[0]! * x[1]! + x[2]! * x[3]!, relevant: [0, 1, 2, 3] },
  "|x₀ + x₁|": { f: (x: Float64Array) => Math.abs(x[0]! + x[1]!), relevant: [0, 1] },
  "x₂ where x₀ + x₁ > 0": {
    f: (x: Float64Array) => (x[0]! + x[1]! > 0 ? x[2]! : 0),
    relevant: [0, 1, 2],
  },
} as const;
const names = Object.keys(targets) as readonly (keyof typeof targets)[];

const settings = z.object({
  targets: z
    .array(z.enum(names))
    .min(1)
    .max(4)
    .default(["x₀x₁"])
    .describe("functions to learn; the ansatz is known to hold less well for the last one"),
  dimension: z.int().min(5).max(100).default(20).describe("inputs d, standard normal"),
  rows: z.int().min(200).max(10_000).default(1000).describe("training examples n"),
  widths: z
    .array(z.int().min(8).max(512))
    .min(2)
    .max(4)
    .default([64, 64])
    .describe("neurons of the hidden layers"),
  scale: z
    .number()
    .min(0.02)
    .max(3)
    .default(0.1)
    .describe("σ of the start: N(0, σ²/d) in the first layer, N(0, 2σ²/width) in the others"),
  steps: z
    .int()
    .min(100)
    .max(100_000)
    .default(4000)
    .describe("steps of stochastic gradients, batch 64, step size 0.1"),
  seed: z.int().min(0).default(0).describe("seed of inputs, start and order of rows"),
});

/** Parts of training at which scores are taken. */
const parts = [0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
/** Layers that the verdict is about, neurons that are drawn. */
const judged = [1, 2];
const drawnNeurons = 32;

export default claim({
  code: "FL-07",
  id: "features/neural-feature-ansatz",
  title: "Weights of trained networks look like roots of average gradient outer products",
  statement: String.raw`For a layer with weights $W_\ell$ and input $h_\ell$, after training from a small start, the neural feature matrix
    $W_\ell^\top W_\ell$ is nearly proportional to a power of the average gradient outer product
    $\frac1n\sum_i\nabla_{h_\ell}f\,\nabla_{h_\ell}f^\top$, the better power being $\frac12$. It is an empirical law with known counterexamples.
    A high correlation alone proves nothing, since at the start both matrices are nearly multiples of the identity: the
    control compares weights at the start with gradients after training.`,
  source:
    "Radhakrishnan et al., arXiv:2212.13881 (ansatz; exponent ½ in its journal version); counterexamples: arXiv:2510.15563",
  status: "checked",
  seconds: 3,
  settings,
  full: { targets: ["x₀x₁", "|x₀ + x₁|"], widths: [128, 128, 128] },

  predict: ({ dimension, targets: chosen }) => ({
    exponent: 1 / 2,
    correlation: 1,
    /** The share of the relevant coordinates in a matrix without directions, by target. */
    isotropicEnergy: chosen.map((name) => targets[name].relevant.length / dimension),
  }),

  async measure(chosen, { engine, signal, progress }) {
    const { dimension, rows, widths, scale, steps, seed } = chosen;
    const looks = [...new Set(parts.map((part) => Math.round(part * steps)))];
    const results = [];
    for (const [t, name] of chosen.targets.entries()) {
      const { f, relevant } = targets[name];
      const x = gaussianMatrix(rows, dimension, random(seed));
      const y = targetsOf(x, f);
      progress(t / chosen.targets.length, `training on ${name}`);
      const { network, states } = await trainRelu(engine, {
        x,
        y,
        widths,
        scale,
        steps,
        looks,
        seed,
        signal,
      });
      const layers = [];
      for (let layer = 1; layer <= widths.length; layer++) {
        const scores = [];
        for (const { step, parameters } of states)
          scores.push({ step, ...(await scoresOf(engine, network, parameters, { x, layer, relevant })) });
        const [start, end] = [states[0]!.parameters, states.at(-1)!.parameters];
        const gradients = await gradientOuterProduct(network, end, x, { layer });
        const features = await neuralFeatureMatrix(network, end, layer);
        const root = await matrixPower(engine, gradients, 1 / 2);
        layers.push({
          scores,
          control: pearson(await neuralFeatureMatrix(network, start, layer), gradients),
          ...pictured(features, root),
        });
      }
      results.push(layers);
    }
    /** By target and layer. */
    return results;
  },

  judge({ correlation }, measured, { targets: chosen }) {
    return verdict(
      measured.flatMap((layers, t) =>
        judged.flatMap((layer) => {
          const { scores, control } = layers[layer - 1]!;
          const { root, itself } = scores.at(-1)!;
          const name = `${chosen[t]!}, layer ${layer}: correlation of WᵀW`;
          return layer === 1
            ? [
                atLeast(`${name} with √AGOP`, root, 0.93, correlation),
                atLeast(`${name} with AGOP`, itself, 0.85),
                atMost(`${name} at the start with AGOP after training`, control, 0.45),
              ]
            : [
                atLeast(`${name} with √AGOP`, root, 0.88, correlation),
                atMost(`${name} at the start with AGOP after training`, control, 0.45),
              ];
        }),
      ),
    );
  },

  figures({ correlation, isotropicEnergy }, measured, { targets: chosen, steps }) {
    const [first] = measured;
    const ends = [0, steps];
    return [
      ...first!.slice(0, 2).map(({ features, root, order }, i) => ({
        name: `layer-${i + 1}`,
        title: `Weights and gradients of layer ${i + 1}`,
        caption: String.raw`$W_${i + 1}^\top W_${i + 1}$ and the root of the average gradient outer product of a network trained on ${chosen[0]!}, each divided by
          its largest entry.${i === 0 ? "" : String.raw` Of the inputs, the ${order.length} with the largest weights.`}`,
        spec: heatMaps({
          x: { title: "input of the layer", labels: order },
          y: { title: "input of the layer", labels: order },
          maps: [
            { title: "WᵀW", values: features },
            { title: "√AGOP", values: root },
          ],
          value: { title: "entry / largest entry", scale: "diverging", domain: [-1, 1] },
        }),
      })),
      {
        name: "scores",
        title: "Likeness and selection in the course of training",
        caption: String.raw`Correlation of the entries of $W_\ell^\top W_\ell$ with those of AGOP and of its root, ${chosen[0]!}; the ansatz says 1. It is high before
          anything was learned, because both are nearly multiples of the identity. The share of the relevant inputs in the
          trace (right) tells features from that.`,
        spec: panels({
          columns: 2,
          panels: [
            {
              title: "Correlation with WᵀW",
              x: { title: "step" },
              y: { title: "correlation of entries", domain: [0, 1.05] as const },
              series: [
                {
                  label: "ansatz",
                  role: "prediction" as const,
                  points: ends.map((x) => ({ x, y: correlation })),
                },
                ...first!.slice(0, 2).flatMap(({ scores }, i) => [
                  {
                    label: `layer ${i + 1}, √AGOP`,
                    role: "measurement" as const,
                    points: scores.map(({ step, root }) => ({ x: step, y: root })),
                  },
                  {
                    label: `layer ${i + 1}, AGOP`,
                    role: "measurement" as const,
                    points: scores.map(({ step, itself }) => ({ x: step, y: itself })),
                  },
                ]),
              ],
            },
            {
              title: "Share of the relevant inputs",
              x: { title: "step" },
              y: { title: "share of the trace, layer 1", domain: [0, 1.05] as const },
              series: [
                {
                  label: "no directions",
                  role: "bound" as const,
                  points: ends.map((x) => ({ x, y: isotropicEnergy[0]! })),
                },
                ...(["AGOP", "WᵀW"] as const).map((label) => ({
                  label: `${label} of layer 1`,
                  role: "measurement" as const,
                  points: first![0]!.scores.map(({ step, gradientEnergy, weightEnergy }) => ({
                    x: step,
                    y: label === "AGOP" ? gradientEnergy : weightEnergy,
                  })),
                })),
              ],
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`From a start ten times as large, $\sigma=1$, the network fits without moving its weights far, and they do not resemble its gradients.`,
    settings: { scale: 1 },
  },
});

interface Scores {
  /** Correlation of WᵀW with √AGOP, and with AGOP. */
  readonly root: number;
  readonly itself: number;
  /** Shares of the relevant inputs; of no meaning behind the first layer. */
  readonly gradientEnergy: number;
  readonly weightEnergy: number;
}

async function scoresOf(
  engine: Engine,
  network: DenseNetwork,
  parameters: Float64Array,
  where: { readonly x: Matrix<Float64Array>; readonly layer: number; readonly relevant: readonly number[] },
): Promise<Scores> {
  const { x, layer, relevant } = where;
  const features = await neuralFeatureMatrix(network, parameters, layer);
  const gradients = await gradientOuterProduct(network, parameters, x, { layer });
  return {
    root: pearson(features, await matrixPower(engine, gradients, 1 / 2)),
    itself: pearson(features, gradients),
    gradientEnergy: coordinateEnergy(gradients, relevant),
    weightEnergy: coordinateEnergy(features, relevant),
  };
}

/** Both matrices over their largest entries; of a wide layer the inputs with the largest weights, the largest first. */
function pictured(
  features: Matrix<Float64Array>,
  root: Matrix<Float64Array>,
): Readonly<Record<"features" | "root", number[][]>> & { readonly order: readonly number[] } {
  const size = features.rows;
  const all = Array.from({ length: size }, (_, k) => k);
  const weight = (k: number): number => features.data[k * (size + 1)]!;
  const order = size <= drawnNeurons ? all : all.sort((i, j) => weight(j) - weight(i)).slice(0, drawnNeurons);
  const scaled = (matrix: Matrix<Float64Array>): number[][] => {
    const rows = rowsOf(matrix);
    const largest = Math.max(...rows.flat().map(Math.abs));
    return order.map((i) => order.map((j) => rows[i]![j]! / largest));
  };
  return { features: scaled(features), root: scaled(root), order };
}
