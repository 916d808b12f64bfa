import {
  completionLoss,
  effectiveRank,
  type Engine,
  gaussianFactors,
  groupRmsProp,
  type LinearNetwork,
  type Matrix,
  minimumNuclearNorm,
  nuclearNorm,
  type ObservedEntries,
  random,
  scaledLoss,
  trainFactors,
  zeros,
} from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import type { Series } from "../figure.ts";
import { rowsOf } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { distance, lowRankCompletion, median } from "../measures/index.ts";
import { lowRankFreedom, unobservedError } from "../predictions/index.ts";

const settings = z
  .object({
    dimension: z.int().min(10).max(200).default(20).describe("d, rows and columns of W*"),
    rank: z.int().min(1).max(10).default(2).describe("r, rank of W*"),
    entries: z
      .array(z.int().min(40).max(20_000))
      .min(2)
      .max(8)
      .default([120, 150, 200, 280])
      .describe("m, numbers of entries that are seen, ascending; at least 4d"),
    twiceFreedom: z
      .int()
      .min(40)
      .max(20_000)
      .default(150)
      .describe("the m among them, about twice the degrees of freedom, at which depth must win"),
    alphas: z
      .tuple([z.number().min(1e-10).max(1), z.number().min(1e-10).max(1)])
      .default([1e-6, 1e-4])
      .describe("α, size of W at the start with two layers and with three"),
    rate: z
      .number()
      .min(1e-4)
      .max(0.1)
      .default(3e-3)
      .describe("rate of GroupRMSprop, one step length for all layers"),
    steps: z.int().min(1000).max(200_000).default(20_000).describe("steps at most"),
    problems: z.int().min(1).max(50).default(6).describe("matrices W* for each m"),
    seed: z.int().min(0).default(0).describe("seed of matrices, masks and starts"),
  })
  .refine(({ entries, dimension }) => entries.every((m) => m >= 4 * dimension && m < dimension ** 2), {
    path: ["entries"],
    message: "each must be at least 4 times the dimension, and less than its square",
  })
  .refine(({ entries, twiceFreedom }) => entries.includes(twiceFreedom), {
    path: ["twiceFreedom"],
    message: "it must be among the entries",
  });

type Settings = z.output<typeof settings>;

/** How W* is recovered. */
const methods = ["nuclear", "depth 2", "depth 3"] as const;
const names = { nuclear: "smallest nuclear norm", "depth 2": "2 layers", "depth 3": "3 layers" } as const;

/** The mean squared error at which deep networks stop. */
const fitted = 1e-6;

export default claim({
  code: "LN-14",
  id: "linear/completion-by-depth",
  title: "Deep factorization completes matrices that the nuclear norm does not",
  statement: String.raw`Recover a matrix of rank $r$ from $m$ of its entries. With many entries the matrix of smallest nuclear norm and gradient descent
    on two or three layers from a small start all find it. With few, the smallest nuclear norm belongs to another matrix, of higher
    rank, while depth prefers low rank to low nuclear norm: three layers more than two. One layer from zero never changes an
    entry that is not seen, so that its error is $\|W^*_{\Omega^c}\|_F/\|W^*\|_F$. Few runs of three layers near the limit end at a wrong matrix of low
    rank: these are statements about medians.`,
  source: "Arora, Cohen, Hu & Luo, arXiv:1905.13655; lecture notes on linear networks, Figure 2",
  status: "checked",
  seconds: 13,
  settings,
  full: { dimension: 30, entries: [200, 250, 300, 400, 600], twiceFreedom: 250, problems: 12 },

  predict: (chosen) => ({
    freedom: lowRankFreedom(chosen.dimension, chosen.dimension, chosen.rank),
    /** By m and problem: the error of one layer. */
    oneLayer: problemsOf(chosen).map((problems) =>
      problems.map(({ truth, observed }) => unobservedError(rowsOf(truth), maskOf(observed))),
    ),
  }),

  async measure(chosen, { engine, signal, progress }) {
    const all = problemsOf(chosen);
    const found: Completed[][] = [];
    for (const [at, problems] of all.entries()) {
      const row: Completed[] = [];
      for (const [k, { truth, observed }] of problems.entries()) {
        const results: Recovery[] = [];
        const { matrix } = await minimumNuclearNorm(engine, observed, { signal });
        results.push(await recovery(engine, matrix, truth));
        for (const depth of [2, 3]) {
          const deep = await deepCompletion(engine, observed, { depth, start: k, ...chosen }, signal);
          results.push(await recovery(engine, deep, truth));
        }
        const linear = await shallowCompletion(engine, observed, signal);
        row.push({
          truth: await recovery(engine, truth, truth),
          oneLayer: await recovery(engine, linear, truth),
          results,
        });
        progress((at + row.length / problems.length) / all.length, `m = ${chosen.entries[at]!}`);
      }
      found.push(row);
    }
    return found;
  },

  judge(predicted, measured, { entries, twiceFreedom }) {
    const middle = (at: number, method: number, of: (one: Recovery) => number): number =>
      median(measured[at]!.map(({ results }) => of(results[method]!)));
    const twice = entries.indexOf(twiceFreedom);
    const few = entries.indexOf(Math.min(...entries));
    const many = entries.indexOf(Math.max(...entries));
    const [nuclear, two, three] = [0, 1, 2].map((method) => middle(twice, method, errorOf));
    const ranks = methods.map((_, method) => middle(few, method, rankOf));
    const runs = measured.flat();
    const excess = runs.map(({ truth, results: [least, ...deep] }) =>
      Math.max(...[truth, ...deep].map((one) => least!.nuclearNorm / one.nuclearNorm)),
    );
    const oneLayer = measured.flatMap((problems, at) =>
      problems.map((one, k) => Math.abs(one.oneLayer.error - predicted.oneLayer[at]![k]!)),
    );
    return verdict([
      atMost(`median error of 3 layers, m = ${twiceFreedom}`, three!, 0.05),
      atMost(`median error, 3 layers / smallest nuclear norm, m = ${twiceFreedom}`, three! / nuclear!, 0.3),
      atMost(`median error, 2 layers / smallest nuclear norm, m = ${twiceFreedom}`, two! / nuclear!, 0.7),
      ...[1, 2].flatMap((method) => [
        atMost(
          `median error of ${names[methods[method]!]}, m = ${entries[many]!}`,
          middle(many, method, errorOf),
          0.02,
        ),
        atMost(
          `median |nuclear norm / that of W* − 1| of ${names[methods[method]!]}, m = ${entries[many]!}`,
          median(
            measured[many]!.map(({ truth, results }) =>
              Math.abs(results[method]!.nuclearNorm / truth.nuclearNorm - 1),
            ),
          ),
          0.01,
        ),
      ]),
      atMost(
        "largest (smallest nuclear norm / that of W* or of a deep solution)",
        Math.max(...excess),
        1.002,
      ),
      atMost(
        `median effective rank, 3 layers − 2 layers, m = ${entries[few]!}`,
        ranks[2]! - ranks[1]!,
        -1e-9,
      ),
      atMost(
        `median effective rank, 2 layers − smallest nuclear norm, m = ${entries[few]!}`,
        ranks[1]! - ranks[0]!,
        -1e-9,
      ),
      atMost("largest |error of one layer − formula|", Math.max(...oneLayer), 1e-10),
    ]);
  },

  figures(predicted, measured, { dimension, rank, entries, problems }) {
    const series = (of: (one: Recovery) => number): Series[] =>
      methods.map((name, method) => ({
        label: names[name],
        role: "measurement",
        points: entries.map((x, at) => ({
          x,
          y: median(measured[at]!.map(({ results }) => of(results[method]!))),
        })),
      }));
    const line = (label: string, value: (at: number) => number): Series => ({
      label,
      role: "prediction",
      points: entries.map((x, at) => ({ x, y: value(at) })),
    });
    const x = { title: "entries that are seen, m" } as const;
    const truthOf = (of: (one: Recovery) => number) => (at: number) =>
      median(measured[at]!.map(({ truth }) => of(truth)));
    return [
      {
        name: "error",
        title: "Error of completion against the number of entries",
        caption: String.raw`$d=${dimension}$, rank ${rank}: ${predicted.freedom} degrees of freedom. Medians of ${problems} matrices. Deep networks stop at a mean squared
          error of $10^{-6}$ on what they see, and so at about 0.002. Where the smallest nuclear norm succeeds it is exact, and below the axis.`,
        spec: curves({
          x,
          y: { title: "‖W − W*‖ / ‖W*‖", scale: "log", domain: [5e-4, 2] },
          series: [
            line("1 layer", (at) => median(predicted.oneLayer[at]!)),
            {
              label: "1 layer",
              role: "measurement",
              points: entries.map((m, at) => ({
                x: m,
                y: median(measured[at]!.map((one) => one.oneLayer.error)),
              })),
            },
            ...series(errorOf),
          ],
        }),
      },
      {
        name: "nuclear-norm",
        title: "Nuclear norm of the completions",
        caption: String.raw`With few entries there are matrices of smaller nuclear norm than $W^*$ that agree with all of them. Two layers stay closer to $W^*$, and
          three do not mind a larger norm.`,
        spec: curves({
          x,
          y: { title: "nuclear norm" },
          series: [
            line(
              "W*",
              truthOf((one) => one.nuclearNorm),
            ),
            ...series((one) => one.nuclearNorm),
          ],
        }),
      },
      {
        name: "effective-rank",
        title: "Effective rank of the completions",
        caption: String.raw`Where the smallest nuclear norm errs it has more rank than $W^*$. Three layers stay near the rank of $W^*$.`,
        spec: curves({
          x,
          y: { title: "effective rank" },
          series: [line("W*", truthOf(rankOf)), ...series(rankOf)],
        }),
      },
      {
        name: "each",
        title: "Error of every completion",
        caption: String.raw`All ${problems} matrices for each $m$. Some runs of three layers with few entries end far away, at another matrix of low rank.`,
        spec: curves({
          x,
          y: { title: "‖W − W*‖ / ‖W*‖", scale: "log" },
          series: methods.slice(1).map((name, i) => ({
            label: names[name],
            role: "measurement" as const,
            points: entries.flatMap((m, at) =>
              measured[at]!.map(({ results }) => ({ x: m + (2 * i - 1) * 2, y: results[i + 1]!.error })),
            ),
          })),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`From a start that is not small, $\alpha=1$, two and three layers keep what they began with in the entries that are not seen.`,
    settings: { alphas: [1, 1], problems: 2, entries: [150, 280], steps: 5000 },
  },
});

interface Recovery {
  /** ‖W − W*‖_F/‖W*‖_F. */
  readonly error: number;
  readonly nuclearNorm: number;
  readonly effectiveRank: number;
}

interface Completed {
  readonly truth: Recovery;
  readonly oneLayer: Recovery;
  /** By method. */
  readonly results: readonly Recovery[];
}

function errorOf({ error }: Recovery): number {
  return error;
}

function rankOf(one: Recovery): number {
  return one.effectiveRank;
}

/** By m: the problems. */
function problemsOf({ entries, problems, seed, ...problem }: Settings) {
  const generator = random(seed);
  return entries.map((m) =>
    Array.from({ length: problems }, () => lowRankCompletion({ ...problem, entries: m }, generator)),
  );
}

/** For each entry, whether it is seen. */
function maskOf({ rows, cols, row, column }: ObservedEntries): boolean[][] {
  const mask = Array.from({ length: rows }, () => Array<boolean>(cols).fill(false));
  for (let k = 0; k < row.length; k++) mask[row[k]!]![column[k]!] = true;
  return mask;
}

async function deepCompletion(
  engine: Engine,
  observed: ObservedEntries,
  {
    depth,
    start,
    dimension,
    alphas,
    rate,
    steps,
    seed,
  }: Settings & { readonly depth: number; readonly start: number },
  signal: AbortSignal,
): Promise<Matrix<Float64Array>> {
  const widths = Array<number>(depth + 1).fill(dimension);
  const network = gaussianFactors(widths, { scale: alphas[depth - 2]!, seed: 1000 * seed + start });
  const loss = scaledLoss(completionLoss(observed), 2 / observed.values.length);
  const options = { learningRate: groupRmsProp({ rate }), steps, target: fitted, signal };
  return (await trainFactors(engine, network, loss, options)).endToEnd;
}

/** One layer from zero, to rounding. */
async function shallowCompletion(
  engine: Engine,
  observed: ObservedEntries,
  signal: AbortSignal,
): Promise<Matrix<Float64Array>> {
  const start: LinearNetwork = [zeros(observed.rows, observed.cols)];
  const options = { learningRate: 0.5, steps: 100, signal };
  return (await trainFactors(engine, start, completionLoss(observed), options)).endToEnd;
}

async function recovery(
  engine: Engine,
  matrix: Matrix<Float64Array>,
  truth: Matrix<Float64Array>,
): Promise<Recovery> {
  const { values } = await engine.singularValues(matrix);
  return {
    error: distance(matrix.data, truth.data) / Math.hypot(...truth.data),
    nuclearNorm: nuclearNorm(values),
    effectiveRank: effectiveRank(values),
  };
}
