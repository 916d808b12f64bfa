import {
  distanceToRank,
  type Engine,
  factorSteps,
  identityFactors,
  infimalRank,
  type Matrix,
  random,
  rankMeasures,
  schattenNorm,
  zeros,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { rowsOf } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { distance, lowRankSensing, product } from "../measures/index.ts";
import {
  distanceToRankOf,
  effectiveRankOf,
  schattenNormOf,
  singularValueAt,
  singularValues as singularValuesOf,
  stableRankOf,
} from "../predictions/index.ts";

const settings = z
  .object({
    dimension: z
      .int()
      .min(4)
      .max(60)
      .default(20)
      .describe("d, rows and columns of the matrix that is sensed"),
    singularValues: z
      .array(z.number().min(0.5).max(20))
      .length(3)
      .default([10, 5, 2.5])
      .describe("those of it that are not 0, descending"),
    measurements: z.int().min(20).max(4000).default(200).describe("Gaussian measurements m"),
    alpha: z.number().min(1e-4).max(1).default(1e-3).describe("α, of the start α I with two or three layers"),
    seed: z.int().min(0).default(0).describe("seed of the matrix and its measurements"),
  })
  .refine(({ dimension, measurements }) => measurements < dimension ** 2, {
    path: ["measurements"],
    message: "there must be fewer than the matrix has entries",
  });

/** Matrices whose effective rank is known, from rank one to all singular values equal. */
const examples: readonly { readonly name: string; readonly rows: readonly (readonly number[])[] }[] = [
  {
    name: "diag(3, 2, 1)",
    rows: [
      [3, 0, 0],
      [0, 2, 0],
      [0, 0, 1],
    ],
  },
  {
    name: "(1 1; 1 0)",
    rows: [
      [1, 1],
      [1, 0],
    ],
  },
  {
    name: "(100 1; 1 0)",
    rows: [
      [100, 1],
      [1, 0],
    ],
  },
  { name: "3 × 4 ones", rows: Array.from({ length: 3 }, () => [1, 1, 1, 1]) },
  {
    name: "the 5 × 5 identity",
    rows: Array.from({ length: 5 }, (_, i) => [0, 1, 2, 3, 4].map((j) => Number(i === j))),
  },
];

/** Exponents of Schatten quasi-norms. */
const exponents = [0.5, 1, 2, 3] as const;

const runs = [
  { depth: 1, step: 0.05 },
  { depth: 2, step: 2e-3 },
  { depth: 3, step: 1e-3 },
] as const;

const [duration, points] = [8, 40] as const;

/** (x 1; 1 0) for x up to this comes closer to rank one than its inverse. */
const farthest = 1e6;

export default claim({
  code: "LN-19",
  id: "linear/rank-measures",
  title: "Effective rank is a rank that moves continuously",
  statement: String.raw`With $p_r=\sigma_r/\sum_k\sigma_k$, the effective rank is
    $$\mathrm{erank}(W)=\exp\Big(-\sum_rp_r\ln p_r\Big),\qquad1\le\mathrm{erank}(W)\le\mathrm{rank}(W),$$
    where $p_r=0$ counts nothing. It is the rank when all singular values are equal, and close to one when one of them outweighs the others.
    Beside it: the Schatten quasi-norms $(\sum_r\sigma_r^p)^{1/p}$, the stable rank $\|W\|_F^2/\|W\|_2^2$, the distance
    $(\sum_{k>r}\sigma_k^2)^{1/2}$ to the matrices of rank $r$, and the infimal rank of a set: the least $r$ such that this distance has the
    infimum 0 there. The completions $\begin{pmatrix}x&1\\1&0\end{pmatrix}$ all have rank two, but infimal rank one.`,
  source:
    "Roy & Vetterli 2007; Razin & Cohen, arXiv:2005.06398, Definitions 1 to 3; Arora et al., arXiv:1905.13655",
  status: "proved",
  seconds: 4,
  settings,
  full: { dimension: 30, measurements: 450 },

  predict({ dimension, singularValues, alpha }) {
    const times = Array.from({ length: points + 1 }, (_, k) => (k * duration) / points);
    return {
      examples: examples.map(({ rows }) => {
        const values = singularValuesOf(rows);
        return {
          effectiveRank: effectiveRankOf(values),
          stableRank: stableRankOf(values),
          schatten: exponents.map((p) => schattenNormOf(values, p)),
          distances: values.map((_, r) => distanceToRankOf(values, r)),
        };
      }),
      truth: effectiveRankOf(singularValues),
      /** With all entries seen, and singular vectors aligned. */
      lines: runs.map(({ depth }) =>
        depth === 1
          ? []
          : times.map((t) => {
              const targets = Array.from({ length: dimension }, (_, r) => singularValues[r] ?? 0);
              const values = targets.map((target) => singularValueAt({ depth, start: alpha, target }, t));
              return { x: t, y: effectiveRankOf(values) };
            }),
      ),
      infimalRank: 1,
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const found: ExampleMeasures[] = [];
    for (const { rows } of examples) found.push(await measuresOf(engine, rows));
    const { loss } = lowRankSensing(engine, chosen, random(chosen.seed));
    const d = chosen.dimension;
    const effective: { x: number; y: number; rank: number }[][] = [];
    for (const [at, { depth, step }] of runs.entries()) {
      const start =
        depth === 1
          ? [zeros(d, d)]
          : identityFactors(Array<number>(depth + 1).fill(d), { scale: chosen.alpha });
      const steps = Math.round(duration / step);
      const looks: (typeof effective)[number] = [];
      for await (const state of factorSteps(engine, start, loss, { learningRate: step, steps, signal })) {
        if (state.step !== Math.round((looks.length * steps) / points)) continue;
        const { effectiveRank, rank } = await rankMeasures(engine, state.endToEnd);
        looks.push({ x: state.step * step, y: effectiveRank, rank });
      }
      effective.push(looks);
      progress((at + 1) / runs.length, `depth ${depth}`);
    }
    const spectra: Float64Array[] = [];
    for (let x = 1; x <= farthest; x *= 10)
      spectra.push(
        (
          await rankMeasures(engine, [
            [x, 1],
            [1, 0],
          ])
        ).singularValues,
      );
    return { found, effective, infimalRank: infimalRank(spectra, 2 / farthest) };
  },

  judge(predicted, { found, effective, infimalRank }) {
    const difference = (a: readonly number[], b: readonly number[]): number =>
      Math.max(...a.map((value, i) => Math.abs(value - b[i]!) / Math.max(1, Math.abs(b[i]!))));
    const looks = effective.flat().filter(({ rank }) => rank > 0);
    return verdict([
      ...examples.flatMap(({ name }, at) => {
        const [seen, said] = [found[at]!, predicted.examples[at]!];
        return [
          atMost(
            `difference of erank of ${name} from ${said.effectiveRank.toFixed(6)}`,
            Math.abs(seen.effectiveRank - said.effectiveRank),
            1e-11,
          ),
          atMost(
            `largest relative difference of stable rank and Schatten quasi-norms of ${name}`,
            difference([seen.stableRank, ...seen.schatten], [said.stableRank, ...said.schatten]),
            1e-11,
          ),
          atMost(
            `largest difference of distances of ${name} to rank r, and to truncations`,
            Math.max(
              difference(seen.distances, said.distances),
              difference(seen.truncations, said.distances),
            ),
            1e-11,
          ),
        ];
      }),
      atLeast("least erank along training", Math.min(...looks.map(({ y }) => y)), 1 - 1e-12),
      atMost(
        "largest erank / rank along training",
        Math.max(...looks.map(({ y, rank }) => y / rank)),
        1 + 1e-12,
      ),
      atMost(`|infimal rank of (x 1; 1 0), x ≤ 10⁶, − 1|`, Math.abs(infimalRank - predicted.infimalRank), 0),
    ]);
  },

  figures({ lines, truth }, { effective }) {
    return [
      {
        name: "along-training",
        title: "Effective rank while sensing a matrix of rank three",
        caption: String.raw`The effective rank of $W$ along gradient descent at depths one, two and three. Deep networks start at $\alpha I$,
          with all singular values equal, fall to one singular value, and then take up one after another, as the closed form (all entries
          seen) has it. The linear model keeps a tail of full rank; the matrix itself has ${truth.toFixed(2)}.`,
        spec: curves({
          x: { title: "time t = η · steps" },
          y: { title: "effective rank", scale: "log" },
          series: [
            ...runs.flatMap(({ depth }, at) => [
              ...(lines[at]!.length > 0
                ? [{ label: `depth ${depth}`, role: "prediction" as const, points: lines[at]! }]
                : []),
              {
                label: `depth ${depth}`,
                role: "measurement" as const,
                points: effective[at]!.filter(({ rank }) => rank > 0),
              },
            ]),
            { label: "the matrix", role: "bound", points: [0, duration].map((x) => ({ x, y: truth })) },
          ],
        }),
      },
    ];
  },
});

interface ExampleMeasures {
  readonly effectiveRank: number;
  readonly stableRank: number;
  readonly schatten: readonly number[];
  readonly distances: readonly number[];
  /** ‖W − W_r‖ for W without all but its r largest singular values. */
  readonly truncations: readonly number[];
}

async function measuresOf(engine: Engine, rows: readonly (readonly number[])[]): Promise<ExampleMeasures> {
  const { effectiveRank, stableRank, singularValues } = await rankMeasures(engine, rows);
  const w = denseOf(rows);
  const { u, values, vt } = await engine.singularValues(w);
  const truncations: number[] = [];
  for (let r = 0; r < values.length; r++) {
    const scaled = denseOf(rowsOf(u).map((row) => row.map((entry, k) => (k < r ? entry * values[k]! : 0))));
    truncations.push(distance(w.data, (await product(engine, scaled, vt)).data));
  }
  return {
    effectiveRank,
    stableRank,
    schatten: exponents.map((p) => schattenNorm(singularValues, p)),
    distances: Array.from(singularValues, (_, r) => distanceToRank(singularValues, r)),
    truncations,
  };
}

function denseOf(rows: readonly (readonly number[])[]): Matrix<Float64Array> {
  return { data: Float64Array.from(rows.flat()), rows: rows.length, cols: rows[0]!.length };
}
