import { type MinimumNuclearNorm, minimumNuclearNorm, type ObservedEntries, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { rowsOf } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { lowRankCompletion } from "../measures/index.ts";
import {
  leastNuclearNormEntry,
  nuclearNormLowerBound,
  nuclearNormWith,
  rankOneEntry,
  schattenNormOf,
  singularValues,
} from "../predictions/index.ts";

const settings = z
  .object({
    dimension: z.int().min(10).max(60).default(20).describe("d, rows and columns of W*"),
    rank: z.int().min(1).max(10).default(2).describe("r, rank of W*"),
    entries: z
      .array(z.int().min(40).max(3000))
      .min(2)
      .max(8)
      .default([120, 150, 200, 280])
      .describe("m, numbers of entries that are seen, ascending; at least 4d"),
    problems: z.int().min(1).max(20).default(3).describe("matrices W* for each m"),
    maxIterations: z
      .int()
      .min(1)
      .max(100_000)
      .default(20_000)
      .describe("iterations of the alternating direction method"),
    known: z
      .tuple([z.number().min(-9).max(9), z.number().min(-9).max(9), z.number().min(0.1).max(9)])
      .default([2, 1, 1])
      .describe("x₁₂, x₂₁ and x₂₂ of a 2 × 2 matrix of which x₁₁ is to be found"),
    seed: z.int().min(0).default(0).describe("seed of matrices and masks"),
  })
  .refine(({ entries, dimension }) => entries.every((m) => m >= 4 * dimension && m < dimension ** 2), {
    path: ["entries"],
    message: "each must be at least 4 times the dimension, and less than its square",
  });

/** Iterations after which the certificate is looked at, for the figure. */
const looks = [3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000, 2000] as const;

export default claim({
  code: "LN-15",
  id: "linear/minimum-nuclear-norm",
  title: "The smallest nuclear norm is found, and certified",
  statement: String.raw`Among all $X$ with $\mathcal A(X)=b$ the alternating direction method of multipliers finds the one of smallest nuclear norm, by soft-thresholding
    singular values and projecting in turns. Its dual variable is a certificate: for any multipliers $\nu$
    $$\|X\|_*\;\ge\;\frac{\langle\nu,b\rangle}{\max(1,\|\mathcal A^*\nu\|_2)},$$
    and at the end the two sides agree. For a $2\times2$ matrix $\|X\|_*^2=\|X\|_F^2+2|\det X|$: with
    $x_{12}=2$, $x_{21}=x_{22}=1$ the smallest nuclear norm is 3 at $x_{11}=1$, but rank one is at $x_{11}=2$ with the norm $\sqrt{10}$. Low norm and
    low rank are not the same.`,
  source:
    "Recht, Fazel & Parrilo, arXiv:0706.4138 (duality); Boyd et al. 2011 (alternating direction method)",
  status: "proved",
  seconds: 8,
  settings,
  full: { dimension: 30, entries: [200, 250, 300, 400, 600], problems: 6 },

  predict({ known }) {
    const matrix = twoByTwo(known);
    const least = leastNuclearNormEntry(matrix);
    const rankOne = rankOneEntry(matrix)!;
    return {
      entry: least,
      norm: nuclearNormWith(matrix, least),
      rankOne: { entry: rankOne, norm: nuclearNormWith(matrix, rankOne) },
      /** The nuclear norm against x₁₁. */
      curve: Array.from({ length: 81 }, (_, k) => {
        const x = -Math.abs(rankOne) - 1 + (k / 80) * 2 * (Math.abs(rankOne) + 1);
        return { x, y: nuclearNormWith(matrix, x) };
      }),
    };
  },

  async measure({ entries, problems, maxIterations, known, seed, ...problem }, { engine, signal, progress }) {
    const generator = random(seed);
    const solutions: Solution[][] = [];
    const gaps: number[][] = [];
    for (const m of entries) {
      const row: Solution[] = [];
      for (let k = 0; k < problems; k++) {
        const { observed } = lowRankCompletion({ ...problem, entries: m }, generator);
        const found = await minimumNuclearNorm(engine, observed, { maxIterations, signal });
        row.push(solutionOf(observed, found));
        if (k === 0) {
          const along: number[] = [];
          for (const limit of looks) {
            const options = { maxIterations: limit, tolerance: 1e-15, gap: 1e-15, signal };
            along.push((await minimumNuclearNorm(engine, observed, options)).relativeGap);
          }
          gaps.push(along);
        }
        progress((solutions.length + row.length / problems) / entries.length, `m = ${m}`);
      }
      solutions.push(row);
    }
    const small = { rows: 2, cols: 2, row: [0, 1, 1], column: [1, 0, 1], values: known };
    const { matrix, nuclearNorm, relativeGap } = await minimumNuclearNorm(engine, small, {
      maxIterations,
      signal,
    });
    return {
      solutions,
      /** By m: the relative gap of the first problem after some numbers of iterations. */
      gaps,
      twoByTwo: { entry: matrix.data[0]!, norm: nuclearNorm, gap: relativeGap },
    };
  },

  judge(predicted, { solutions, twoByTwo: small }, { entries }) {
    return verdict([
      ...entries.flatMap((m, at) => {
        const told = solutions[at]!;
        const independent = told.map(independentGap);
        return [
          atMost(
            `largest relative gap, m = ${m}`,
            Math.max(...told.map(({ relativeGap }) => relativeGap)),
            1e-4,
          ),
          atMost(`largest relative gap, computed anew, m = ${m}`, Math.max(...independent), 1e-4),
          atLeast(
            `smallest relative gap, computed anew: a norm under its bound, m = ${m}`,
            Math.min(...independent),
            -1e-9,
          ),
          atMost(`largest |X − W*| on entries that are seen, m = ${m}`, Math.max(...told.map(misfit)), 1e-9),
        ];
      }),
      within(
        "nuclear norm of the 2 × 2 matrix",
        small.norm,
        predicted.norm * (1 - 1e-5),
        predicted.norm * (1 + 1e-5),
        predicted.norm,
      ),
      within(
        "x₁₁ of the 2 × 2 matrix",
        small.entry,
        predicted.entry - 1e-3,
        predicted.entry + 1e-3,
        predicted.entry,
      ),
    ]);
  },

  figures(predicted, { gaps, twoByTwo: small }, { entries, dimension }) {
    return [
      {
        name: "gap",
        title: "Duality gap against iterations",
        caption: String.raw`The first problem for each number $m$ of entries, $d=${dimension}$: how far the nuclear norm can still be above the smallest. Tails are slow where
          recovery fails: look at the gap, not at the number of iterations.`,
        spec: curves({
          x: { title: "iterations", scale: "log" },
          y: { title: "(nuclear norm − lower bound) / nuclear norm", scale: "log", domain: [1e-12, 1] },
          series: [
            ...entries.map((m, at) => ({
              label: `m = ${m}`,
              role: "measurement" as const,
              points: looks.map((x, i) => ({ x, y: gaps[at]![i]! })),
            })),
            {
              label: "criterion",
              role: "bound" as const,
              points: [looks[0], looks.at(-1)!].map((x) => ({ x, y: 1e-4 })),
            },
          ],
        }),
      },
      {
        name: "two-by-two",
        title: "Nuclear norm of a 2 × 2 matrix against its missing entry",
        caption: String.raw`The norm (line) is smallest at $x_{11}=${predicted.entry}$, where the algorithm arrives (mark). Rank one is at the kink
          $x_{11}=${predicted.rankOne.entry}$ (dashed), with a larger norm.`,
        spec: curves({
          x: { title: "x₁₁" },
          y: { title: "nuclear norm" },
          series: [
            { label: "nuclear norm", role: "prediction", points: predicted.curve },
            { label: "nuclear norm", role: "measurement", points: [{ x: small.entry, y: small.norm }] },
            {
              label: "rank one",
              role: "bound",
              points: [predicted.norm, predicted.curve[0]!.y].map((y) => ({ x: predicted.rankOne.entry, y })),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: "After ten iterations the certificate says that the norm may still be far above the smallest.",
    settings: { maxIterations: 10 },
  },
});

/** What is needed to check a solution. */
interface Solution {
  readonly relativeGap: number;
  readonly matrix: readonly (readonly number[])[];
  readonly seen: readonly {
    readonly row: number;
    readonly column: number;
    readonly value: number;
    readonly multiplier: number;
  }[];
}

function solutionOf(
  observed: ObservedEntries,
  { matrix, certificate, relativeGap }: MinimumNuclearNorm,
): Solution {
  return {
    relativeGap,
    matrix: rowsOf(matrix),
    seen: Array.from(observed.values, (value, k) => {
      const [row, column] = [observed.row[k]!, observed.column[k]!];
      return { row, column, value, multiplier: certificate.data[row * matrix.cols + column]! };
    }),
  };
}

/** From the matrix and the multipliers alone, by another decomposition than that of the engine. */
function independentGap({ matrix, seen }: Solution): number {
  const norm = schattenNormOf(singularValues(matrix), 1);
  const unit = (row: number, column: number): number[][] =>
    matrix.map((entries, i) => entries.map((_, j) => (i === row && j === column ? 1 : 0)));
  const bound = nuclearNormLowerBound(
    seen.map(({ row, column }) => unit(row, column)),
    seen.map(({ value }) => value),
    seen.map(({ multiplier }) => multiplier),
  );
  return (norm - bound) / norm;
}

function misfit({ matrix, seen }: Solution): number {
  return Math.max(...seen.map(({ row, column, value }) => Math.abs(matrix[row]![column]! - value)));
}

function twoByTwo([upperRight, lowerLeft, lowerRight]: readonly [number, number, number]) {
  return { upperRight, lowerLeft, lowerRight };
}
