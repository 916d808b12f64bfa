import { activationFunctions, type Engine, type Matrix, random, transpose } from "lineament";
import { z } from "zod";
import { atMost, type Check, claim, verdict } from "../claim.ts";
import { gaussianMatrix, spherePoints } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { hiddenFeatures, mean, product, tangentFeatures } from "../measures/index.ts";
import { memorizationError } from "../predictions/index.ts";

const settings = z.object({
  samples: z.int().min(20).max(1000).default(300).describe("training points n"),
  dimension: z.int().min(2).max(100).default(20).describe("input dimension d"),
  widths: z
    .array(z.int().min(1).max(1000))
    .min(2)
    .max(16)
    .default([2, 5, 8, 11, 14, 15, 16, 20, 30, 60])
    .describe("neurons N; random features get N d of them"),
  labelings: z.int().min(5).max(1000).default(50).describe("Gaussian label vectors averaged over"),
  seed: z.int().min(0).default(0).describe("seed of points, networks and labels"),
});

/** Models whose features are counted. */
const models = [
  { name: "tangent features, ReLU", kind: "tangent", activation: "relu" },
  { name: "tangent features, erf", kind: "tangent", activation: "erf" },
  { name: "random features, ReLU", kind: "random", activation: "relu" },
] as const;

export default claim({
  code: "LZ-07",
  id: "linearized/memorization",
  title: "A network memorizes as many labels as it has parameters",
  statement: String.raw`The tangent features of $N$ neurons on $n$ points in $d$ dimensions have rank $\min(n,Nd)$. Least squares on labels that do not
    depend on the inputs therefore leaves the mean training error $\sigma_y^2\max(0,1-\frac{Nd}n)$, and none from $Nd=n$ on. With
    random features the same holds for $N$ in place of $Nd$.`,
  source: "Montanari & Zhong, arXiv:2007.12826",
  status: "reported",
  seconds: 2,
  settings,

  predict({ samples, dimension, widths }) {
    return widths.map((width) => {
      const features = width * dimension;
      return { features, error: memorizationError(features, samples), rank: Math.min(samples, features) };
    });
  },

  async measure({ samples: n, dimension: d, widths, labelings, seed }, { engine, signal, progress }) {
    const generator = random(seed);
    const x = spherePoints(n, d, generator);
    const labels = gaussianMatrix(n, labelings, generator);
    const results = models.map(({ name }) => ({ name, errors: [] as number[], ranks: [] as number[] }));
    let done = 0;
    for (const [at, { kind, activation }] of models.entries()) {
      const { value, slope } = activationFunctions({ name: activation });
      for (const width of widths) {
        signal.throwIfAborted();
        const neurons = kind === "tangent" ? width : width * d;
        const weights = gaussianMatrix(neurons, d, generator, { std: 1 / Math.sqrt(d) });
        const features =
          kind === "tangent"
            ? tangentFeatures(x, await hiddenFeatures(engine, x, weights, slope))
            : await hiddenFeatures(engine, x, weights, value);
        const { rank, error } = await leastSquares(engine, features, labels);
        results[at]!.ranks.push(rank);
        results[at]!.errors.push(error);
        progress(++done / (models.length * widths.length), `${models[at]!.name}, N = ${width}`);
      }
    }
    return results;
  },

  judge(predicted, measured) {
    return verdict(
      measured.flatMap(({ name, errors, ranks }) => [
        atMost(
          `largest difference of the training error from 1 − p/n, ${name}`,
          Math.max(...predicted.map(({ error }, i) => Math.abs(errors[i]! - error))),
          0.03,
        ),
        wrongRanks(name, predicted.filter(({ rank }, i) => ranks[i] !== rank).length),
      ]),
    );
  },

  figures: (predicted, measured, { samples, labelings }) => [
    {
      name: "training-error",
      title: "Training error on random labels against parameters per sample",
      caption: String.raw`Least squares on ${labelings} random labelings of ${samples} points. The error falls linearly in the number $p$ of features
        and vanishes at $p=n$, for tangent features ($p=Nd$) as for random features ($p$ neurons).`,
      spec: curves({
        x: { title: "parameters per sample, p/n" },
        y: { title: "mean squared training error / label variance" },
        series: [
          {
            label: "max(0, 1 − p/n)",
            role: "prediction",
            points: [0, 1, Math.max(1, ...predicted.map(({ features }) => features / samples))].map((x) => ({
              x,
              y: Math.max(0, 1 - x),
            })),
          },
          ...measured.map(({ name, errors }) => ({
            label: name,
            role: "measurement" as const,
            points: predicted.map(({ features }, i) => ({ x: features / samples, y: errors[i]! })),
          })),
        ],
      }),
    },
  ],
});

function wrongRanks(name: string, count: number): Check {
  return {
    name: `widths at which the rank is not min(n, p), ${name}`,
    measured: count,
    predicted: 0,
    condition: "exactly 0",
    holds: count === 0,
  };
}

/** Rank of the features (relative tolerance 10⁻¹⁰), and the mean squared residual of least squares over all label vectors. */
async function leastSquares(
  engine: Engine,
  features: Matrix,
  labels: Matrix,
): Promise<{ readonly rank: number; readonly error: number }> {
  const { values, u } = await engine.singularValues(features);
  const rank = values.filter((value) => value > 1e-10 * values[0]!).length;
  const coordinates = await product(engine, transpose(u), labels);
  const explained = coordinates.data.subarray(0, rank * labels.cols).reduce((sum, v) => sum + v ** 2, 0);
  const total = mean(labels.data.map((value) => value ** 2));
  return { rank, error: Math.max(0, total - explained / labels.data.length) };
}
