import {
  type Engine,
  evaluate,
  featureDirections,
  gradients,
  type Matrix,
  random,
  type TransformedExpansion,
  zeros,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { gatedProduct, gaussianMatrix, productTarget } from "../data/index.ts";
import { bars, heatMaps } from "../figures/index.ts";
import { featureIterations } from "../measures/index.ts";

const settings = z.object({
  dimension: z.int().min(6).max(100).default(20).describe("inputs d"),
  rows: z.int().min(200).max(10_000).default(1000).describe("training rows n"),
  noise: z.number().min(0).max(100).default(0).describe("standard deviation of noise on the targets"),
  bandwidth: z.number().min(0.5).max(100).default(10).describe("L of the Laplace kernel"),
  ridge: z.number().min(1e-8).max(10).default(1e-3).describe("λ in K + λI"),
  iterations: z.int().min(1).max(20).default(5).describe("metric updates T"),
  seed: z.int().min(0).default(0).describe("seed of data"),
});

const tasks = [
  { name: "A", draw: gatedProduct, relevant: [0, 1, 5] },
  { name: "B", draw: productTarget, relevant: [0, 1] },
] as const;

/** Eigenvectors that are drawn. */
const drawn = 4;
/** Half the width of central differences. */
const step = 1e-6;

export default claim({
  code: "FL-16",
  id: "features/explanations",
  title: "A machine that learns its metric says what it looks at",
  statement: String.raw`A recursive feature machine explains itself: $\mathrm{diag}\,M/\mathrm{tr}\,M$ says how much each input counts, the leading eigenvectors of $M$ along which
    directions it predicts, $(\mathrm{tr}M)^2/\|M\|_F^2$ how many of them there are, and $\nabla f(x)$ what moves a single prediction. On noiseless targets
    that depend on $r$ inputs, (A) $x_0x_1\mathbf 1[x_5>0]$ and (B) $x_0x_1$, these inputs come first, and the effective rank is between $r/2$ and $2r$.`,
  source: "Radhakrishnan et al., arXiv:2212.13881",
  status: "checked",
  seconds: 3,
  settings,
  full: { rows: 4000 },

  predict: ({ dimension }) => ({
    sum: 1,
    ranks: tasks.map(({ relevant }) => relevant.length),
    /** Of x_0 x_1: both factors count the same. */
    importances: Array.from({ length: dimension }, (_, k) => (k < 2 ? 1 / 2 : 0)),
  }),

  async measure(chosen, { engine, signal, progress }) {
    const { dimension, rows, noise, bandwidth, ridge, iterations, seed } = chosen;
    const generator = random(seed);
    const results = [];
    for (const [at, { name, draw }] of tasks.entries()) {
      progress(at / tasks.length, `target ${name}`);
      const { x, y } = draw(rows, dimension, generator);
      for (let i = 0; i < rows; i++) y.data[i]! += noise * generator.normal();
      const iterates = await featureIterations(engine, {
        x,
        y,
        unseen: zeros(0, dimension),
        kernel: { family: "laplace", bandwidth, exponent: 1 },
        ridge,
        iterations,
        signal,
      });
      const { metric, expansion } = iterates.at(-1)!;
      const { importances, effectiveRank, spectrum, vectors } = await featureDirections(engine, metric);
      results.push({
        importances,
        effectiveRank,
        spectrum: spectrum.slice(0, drawn),
        vectors: vectors.slice(0, drawn),
        gradientError: await gradientError(engine, expansion, gaussianMatrix(20, dimension, generator)),
      });
    }
    return results;
  },

  judge({ sum, ranks }, results) {
    return verdict(
      results.flatMap(({ importances, effectiveRank, gradientError: error }, at) => {
        const { name, relevant } = tasks[at]!;
        const others = importances.filter((_, k) => !(relevant as readonly number[]).includes(k));
        const least = Math.min(...relevant.map((k) => importances[k]!));
        const rank = ranks[at]!;
        return [
          atLeast(
            `${name}: least importance of inputs ${relevant.join(", ")} / largest of the others`,
            least / Math.max(...others),
            1 + 1e-9,
          ),
          within(`${name}: effective rank of the metric`, effectiveRank, rank / 2, 2 * rank, rank),
          atMost(
            `${name}: |sum of importances − 1|`,
            Math.abs(importances.reduce((total, share) => total + share, 0) - sum),
            1e-12,
          ),
          atMost(`${name}: relative distance of ∇f and central differences`, error, 1e-6),
        ];
      }),
    );
  },

  figures({ importances: predicted }, results, { dimension, rows }) {
    const labels = Array.from({ length: dimension }, (_, k) => k);
    return [
      {
        name: "importances",
        title: "How much each input counts",
        caption: String.raw`$\mathrm{diag}\,M/\mathrm{tr}\,M$ after training on $n=${rows}$ rows of A, $x_0x_1\mathbf 1[x_5>0]$, and of B, $x_0x_1$. In B both factors count the same.`,
        spec: bars({
          x: { title: "input", categories: labels.map(String) },
          y: { title: "share of the trace" },
          series: [
            { label: "A", role: "measurement", values: results[0]!.importances },
            { label: "B", role: "prediction", values: predicted },
            { label: "B", role: "measurement", values: results[1]!.importances },
          ],
        }),
      },
      {
        name: "directions",
        title: "Directions of the metric",
        caption: String.raw`The ${drawn} leading eigenvectors of $M$, the strongest on top. Their shares of the trace are ${results
          .map(
            ({ spectrum }, at) =>
              `${spectrum.map((share) => share.toFixed(3)).join(", ")} in ${tasks[at]!.name}`,
          )
          .join(" and ")}.`,
        spec: heatMaps({
          x: { title: "input", labels },
          y: { title: "eigenvector", labels: Array.from({ length: drawn }, (_, k) => k + 1) },
          maps: results.map(({ vectors }, at) => ({
            title: tasks[at]!.name,
            values: vectors,
          })),
          columns: 1,
          value: { title: "entry", scale: "diverging", domain: [-1, 1] },
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`From targets that are nearly noise nothing can be told: the inputs that matter do not come first.`,
    settings: { noise: 30, rows: 300 },
  },
});

/** ‖∇f − central differences‖ / ‖∇f‖ over some points. */
async function gradientError(
  engine: Engine,
  expansion: TransformedExpansion,
  x: Matrix<Float64Array>,
): Promise<number> {
  const exact = await gradients(engine, expansion, { coordinates: x });
  const moved = (k: number, by: number): Matrix<Float64Array> => ({
    ...x,
    data: x.data.map((value, at) => (at % x.cols === k ? value + by : value)),
  });
  let [off, size] = [0, 0];
  for (let k = 0; k < x.cols; k++) {
    const [up, down] = [
      await evaluate(engine, expansion, { coordinates: moved(k, step) }),
      await evaluate(engine, expansion, { coordinates: moved(k, -step) }),
    ];
    for (let i = 0; i < x.rows; i++) {
      const slope = exact.data[i * x.cols + k]!;
      off += ((up.data[i]! - down.data[i]!) / (2 * step) - slope) ** 2;
      size += slope ** 2;
    }
  }
  return Math.sqrt(off / size);
}
