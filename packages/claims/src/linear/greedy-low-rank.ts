import {
  effectiveRank,
  type Engine,
  factorSteps,
  identityFactors,
  type LinearNetwork,
  random,
  zeros,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { logSpaced } from "../data/index.ts";
import { bars, panels } from "../figures/index.ts";
import {
  distance,
  median,
  lowRankSensing,
  type LowRankSensing,
  lowRankSensingSettings,
} from "../measures/index.ts";
import { effectiveRankOf, escapeTime } from "../predictions/index.ts";

const settings = z
  .object({
    ...lowRankSensingSettings,
    alpha: z
      .number()
      .min(1e-6)
      .max(10)
      .default(1e-3)
      .describe("α, the singular values of W at the start with two layers or three"),
    problems: z.int().min(1).max(20).default(4).describe("matrices W*, each with its measurements"),
    seed: z.int().min(0).default(0).describe("seed of W* and of the measurements"),
  })
  .refine(({ dimension, measurements }) => measurements < dimension ** 2, {
    path: ["measurements"],
    message: "there must be fewer than W has entries",
  });

type Settings = z.output<typeof settings>;

/** How each depth is trained, and after how many steps one looks. */
const runs = [
  { depth: 1, step: 0.05, steps: 20_000, target: 1e-8, every: 1 },
  { depth: 2, step: 2e-3, steps: 5000, target: undefined, every: 10 },
  { depth: 3, step: 1e-3, steps: 8000, target: undefined, every: 10 },
] as const;

/** Singular values that are drawn, marks of each, and the time of the first. */
const [drawn, marks, firstDrawn] = [5, 50, 0.05];

export default claim({
  code: "LN-18",
  id: "linear/greedy-low-rank",
  title: "Deep networks learn one singular value after another",
  statement: String.raw`Recover $W^*$ of rank 3 from $m=d^2/2$ Gaussian measurements, by gradient descent on $\frac12\|\mathcal A(W_n\cdots W_1)-b\|^2$ from
    $W_j=\alpha^{1/n}I$. A linear model raises all singular values together and keeps a tail of full rank. Deeper networks raise
    one after another, the largest first, the more sharply the deeper they are, and stop at low rank. In the median of several problems
    each waits for about the time that it would need with all entries seen and aligned singular vectors, to leading order
    $\frac1{2\varphi}\ln\frac\varphi\alpha$ for two layers and $\frac{\alpha^{-(1-2/n)}}{(n-2)\varphi}$ for more.`,
  source: "Arora, Cohen, Hu & Luo, arXiv:1905.13655; lecture notes on linear networks, Figure 3",
  status: "checked",
  seconds: 6,
  settings,
  full: { problems: 12 },

  predict: ({ singularValues, alpha }) => ({
    effectiveRank: effectiveRankOf(singularValues),
    /** By depth, for those of more than one layer. */
    halfTimes: runs.map(({ depth }) =>
      depth === 1 ? [] : singularValues.map((sigma) => escapeTime(depth, alpha, sigma)),
    ),
  }),

  async measure(chosen, { engine, signal, progress }) {
    const generator = random(chosen.seed);
    const results: Trained[][] = [];
    for (let p = 0; p < chosen.problems; p++) {
      const problem = lowRankSensing(engine, chosen, generator);
      const depths: Trained[] = [];
      for (const run of runs) {
        depths.push(await trained(engine, problem, chosen, run, signal));
        progress((p * runs.length + depths.length) / (chosen.problems * runs.length));
      }
      results.push(depths);
    }
    return {
      /** By problem and depth. */
      numbers: results.map((depths) =>
        depths.map(({ error, effectiveRank, halfTimes, nextRatios }) => ({
          error,
          effectiveRank,
          halfTimes,
          nextRatios,
        })),
      ),
      /** By depth, of the first problem, at some times: the largest singular values. */
      curves: results[0]!.map(({ curves }) => {
        const end = curves.at(-1)!.t;
        const looks = logSpaced(firstDrawn, end, marks).map((time) =>
          curves.find(({ t }) => t >= time * 0.999)!,
        );
        return [...new Set(looks)].map(({ t, sigma }) => ({ t, sigma: sigma.slice(0, drawn) }));
      }),
    };
  },

  judge(predicted, { numbers }, { singularValues }) {
    const all = (i: number) => numbers.map((depths) => depths[i]!);
    const middle = (i: number, of: (one: Numbers) => number): number => median(all(i).map(of));
    const ends = ({ halfTimes }: Numbers): number => Math.max(...halfTimes) / Math.min(...halfTimes);
    const error = (one: Numbers): number => one.error;
    const rank = (one: Numbers): number => one.effectiveRank;
    const least = ({ nextRatios }: Numbers): number => Math.min(...nextRatios);
    const most = ({ nextRatios }: Numbers): number => Math.max(...nextRatios);
    return verdict([
      atLeast("depth 1, median: relative error", middle(0, error), 0.5),
      atLeast("depth 1, median: effective rank", middle(0, rank), 10),
      atMost("depth 1, median: last half-time of the three largest / first", middle(0, ends), 1.8),
      atLeast("depth 1, median: smallest part of σ_{k+1} when σ_k is half", middle(0, least), 0.4),
      atMost("depth 2, median: relative error", middle(1, error), 0.2),
      atMost("depth 2, median: largest part of σ_{k+1} when σ_k is half", middle(1, most), 0.45),
      atMost("depth 3, median: relative error", middle(2, error), 0.04),
      atMost("depth 3, median: largest part of σ_{k+1} when σ_k is half", middle(2, most), 0.15),
      within("depth 3, median: effective rank", middle(2, rank), 2.4, 3, predicted.effectiveRank),
      ...[1, 2].flatMap((i) =>
        singularValues.map((sigma, r) => {
          const tolerance = r === 0 ? 0.2 : 0.5;
          const expected = predicted.halfTimes[i]![r]!;
          const name = `depth ${runs[i]!.depth}, median: half-time of φ = ${sigma}`;
          const time = middle(i, ({ halfTimes }) => halfTimes[r]!);
          return within(name, time, (1 - tolerance) * expected, (1 + tolerance) * expected, expected);
        }),
      ),
      atMost(
        "median relative error, depth 3 / depth 2",
        median(numbers.map((depths) => depths[2]!.error / depths[1]!.error)),
        0.5,
      ),
    ]);
  },

  figures: (predicted, { curves: measured, numbers }, { singularValues, dimension, measurements }) => [
    {
      name: "singular-values",
      title: "Singular values in the course of training",
      caption: String.raw`The ${drawn} largest of $W$ for $d=${dimension}$, $m=${measurements}$; $W^*$ has ${singularValues.join(", ")} and zeros. One layer
        raises all of them together. Two layers and three raise them one after another: lines stand at the times at which the closed
        form for all entries seen says that each has half its value. The tail stays at zero.`,
      spec: panels({
        panels: runs.map(({ depth }, i) => ({
          title: depth === 1 ? "1 layer" : `${depth} layers`,
          x: { title: "time t = η · steps", scale: "log" },
          y: { title: "singular value of W", domain: [0, 1.1 * singularValues[0]!] },
          series: [
            ...Array.from({ length: drawn }, (_, r) => ({
              label: `σ${"₁₂₃₄₅"[r]!}`,
              role: "measurement" as const,
              points: measured[i]!.map(({ t, sigma }) => ({ x: t, y: sigma[r]! })),
            })),
            ...predicted.halfTimes[i]!.map((x, r) => ({
              label: `σ${"₁₂₃"[r]!}`,
              role: "prediction" as const,
              points: [0, singularValues[r]! / 2].map((y) => ({ x, y })),
            })),
          ],
        })),
      }),
    },
    {
      name: "errors",
      title: "Recovery by depth",
      caption: String.raw`Relative distance to $W^*$ at the end, problem by problem. The verdict is about the median: on single problems three layers
        are slower, and farther away after the same number of steps.`,
      spec: bars({
        x: { title: "problem", categories: numbers.map((_, p) => `${p + 1}`) },
        y: { title: "‖W − W*‖ / ‖W*‖", scale: "log" },
        series: runs.map(({ depth }, i) => ({
          label: depth === 1 ? "1 layer" : `${depth} layers`,
          role: "measurement" as const,
          values: numbers.map((depths) => depths[i]!.error),
        })),
      }),
    },
  ],

  contrast: {
    statement: String.raw`From a large start, $\alpha=1$, a deep network fits the measurements by a matrix of high rank like a linear model does.`,
    settings: { alpha: 1, problems: 1 },
  },
});

interface Numbers {
  /** ‖W − W*‖_F/‖W*‖_F at the end. */
  readonly error: number;
  readonly effectiveRank: number;
  /** η times the steps until the three largest have half their final values. */
  readonly halfTimes: readonly number[];
  /** σ_{k+1} as a part of its final value when σ_k has half of its own, k = 1, 2. */
  readonly nextRatios: readonly number[];
}

interface Trained extends Numbers {
  readonly curves: readonly { readonly t: number; readonly sigma: readonly number[] }[];
}

async function trained(
  engine: Engine,
  { truth, loss }: LowRankSensing,
  { dimension: d, alpha }: Settings,
  { depth, step, steps, target, every }: (typeof runs)[number],
  signal: AbortSignal,
): Promise<Trained> {
  const widths = Array<number>(depth + 1).fill(d);
  const start: LinearNetwork = depth === 1 ? [zeros(d, d)] : identityFactors(widths, { scale: alpha });
  const looks: { t: number; sigma: number[] }[] = [];
  let error = NaN;
  const options = { learningRate: step, steps, signal, ...(target === undefined ? {} : { target }) };
  for await (const state of factorSteps(engine, start, loss, options)) {
    if (state.step % every === 0 || state.outcome !== "running")
      looks.push({
        t: state.step * step,
        sigma: Array.from((await engine.singularValues(state.endToEnd)).values),
      });
    if (state.outcome !== "running")
      error = distance(state.endToEnd.data, truth.data) / Math.hypot(...truth.data);
  }
  const { sigma: last } = looks.at(-1)!;
  const halfway = [0, 1, 2].map((r) => looks.find(({ sigma }) => sigma[r]! >= last[r]! / 2)!);
  return {
    error,
    effectiveRank: effectiveRank(last),
    halfTimes: halfway.map(({ t }) => t),
    nextRatios: [0, 1].map((r) => halfway[r]!.sigma[r + 1]! / last[r + 1]!),
    curves: looks,
  };
}
