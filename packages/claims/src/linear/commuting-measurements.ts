import {
  type EndToEndLoss,
  type Engine,
  type LearningRateRule,
  type LinearNetwork,
  identityFactors,
  type Matrix,
  nuclearNorm,
  random,
  sensingLoss,
  trainFactors,
  transpose,
  zeros,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { dot, gaussianMatrix, logSpaced, orthogonalMatrix, rowsOf } from "../data/index.ts";
import { curves, panels } from "../figures/index.ts";
import { product } from "../measures/index.ts";
import { commutingLimit, leastNonnegativeSum } from "../predictions/index.ts";

const settings = z
  .object({
    depths: z.array(z.int().min(2).max(6)).min(2).max(4).default([2, 3, 4]).describe("numbers of layers n"),
    alphas: z
      .array(z.number().min(1e-4).max(1))
      .min(2)
      .max(5)
      .default([0.1, 1e-3])
      .describe("scales α of the start α I, descending"),
    step: z
      .number()
      .min(1e-3)
      .max(0.2)
      .default(0.02)
      .describe("c, largest relative change of a root w^(1/n) in a step; a second run takes c/2"),
    residual: z.number().min(1e-12).max(1e-3).default(1e-9).describe("‖A w − b‖ at which training ends"),
    asymmetry: z
      .number()
      .min(0)
      .max(2)
      .default(0)
      .describe("standard deviation of entries added to the measurements; above 0 they do not commute"),
    seed: z.int().min(0).default(0).describe("seed of the common eigenbasis, and of what is added"),
  })
  .refine(({ alphas }) => alphas.every((alpha, a) => a === 0 || alpha < alphas[a - 1]!), {
    path: ["alphas"],
    message: "each must be smaller than the one before it",
  });

type Settings = z.output<typeof settings>;

/** Eigenvalues of the measurements, and what they give. */
const measurements = [
  [1, 2, 0.5, 1.5],
  [0.3, -1, 2, 1],
] as const;
const results = [2, 1] as const;
const size = measurements[0].length;

export default claim({
  code: "LN-21",
  id: "linear/commuting-measurements",
  title: "When measurements commute, every depth finds minimum nuclear norm",
  statement: String.raw`Sense $W$ by symmetric matrices $A_i$ that commute, with $n\ge2$ layers that start as $\alpha^{1/n}I$. In the common
    eigenbasis $W=\mathrm{diag}(w)$ stays diagonal and positive, $\dot w_i=-n\,w_i^{2-2/n}(A^\top(Aw-b))_i$, and the flow ends at the Bregman projection
    $$w_\infty=\arg\min_{Aw=b}\sum_iQ(w_i),\qquad Q(w)=\begin{cases}\frac12\big(w\ln\frac w\alpha-w\big)&n=2\\[2pt]
    \frac1{n-2}\big(\alpha^{-(1-2/n)}w-\frac n2w^{2/n}\big)&n\ge3.\end{cases}$$
    As $\alpha\to0$ this minimizes $\sum_iw_i$, the nuclear norm, for every depth. So what depth does elsewhere is no Schatten-$2/n$ quasi-norm.
    The limit is approached logarithmically for $n=2$, and like a power of $\alpha$ for $n\ge3$.`,
  source:
    "Gunasekar et al., arXiv:1705.09280, Theorem 1 (n = 2); Arora, Cohen, Hu & Luo, arXiv:1905.13655, Theorem 1",
  status: "proved",
  seconds: 4,
  settings,
  full: { alphas: [0.1, 0.01, 1e-3, 1e-4] },

  predict({ depths, alphas }) {
    const limit = (depth: number, alpha: number) => commutingLimit({ measurements, results, depth, alpha });
    const least = leastNonnegativeSum(measurements, results)!.sum;
    return {
      least,
      limits: depths.map((depth) => alphas.map((alpha) => limit(depth, alpha))),
      lines: depths.map((depth) =>
        logSpaced(alphas.at(-1)! / 30, alphas[0]! * 3, 60).map((alpha) => ({
          x: alpha,
          y: sum(limit(depth, alpha)) - least,
        })),
      ),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { depths, alphas, step: coarse, residual } = chosen;
    const problem = await sensingProblem(engine, chosen);
    const total = depths.length * alphas.length * 2;
    let done = 0;
    const ends: { eigenvalues: number[]; offDiagonal: number; nuclearNorm: number; steps: number }[][][] = [];
    for (const depth of depths) {
      const byAlpha: (typeof ends)[number] = [];
      for (const alpha of alphas) {
        const byStep: (typeof byAlpha)[number] = [];
        for (const step of [coarse, coarse / 2]) {
          const start = identityFactors(Array<number>(depth + 1).fill(size), { scale: alpha });
          const { endToEnd, ...end } = await trained(engine, start, problem, { step, residual, signal });
          const { values } = await engine.singularValues(endToEnd);
          const rotated = await problem.rotated(endToEnd);
          const eigenvalues = diagonal(rotated);
          byStep.push({
            eigenvalues,
            offDiagonal: Math.hypot(...rotated.data.filter((_, at) => at % (size + 1) !== 0)),
            nuclearNorm: nuclearNorm(values),
            steps: end.step,
          });
          progress(++done / total, `depth ${depth}, α = ${alpha}`);
        }
        byAlpha.push(byStep);
      }
      ends.push(byAlpha);
    }
    return ends;
  },

  judge({ limits, least }, ends, { depths, alphas, step }) {
    const distances = depths.map((_, at) =>
      alphas.map((_, a) =>
        ends[at]![a]!.map(({ eigenvalues, offDiagonal }) => {
          const limit = limits[at]![a]!;
          return Math.hypot(offDiagonal, ...limit.map((w, i) => w - eigenvalues[i]!)) / Math.hypot(...limit);
        }),
      ),
    );
    const norms = ends.map((byAlpha) => byAlpha.map((byStep) => byStep[1]!.nuclearNorm));
    const shallow = depths.indexOf(2);
    return verdict([
      ...depths.flatMap((depth, at) =>
        alphas.flatMap((alpha, a) => {
          const where = `n = ${depth}, α = ${alpha}`;
          const [coarse, fine] = distances[at]![a]!;
          return [
            atMost(`relative distance from the projection, ${where}, c = ${step}`, coarse!, 0.015),
            atMost(`the same at c = ${step / 2} / at c = ${step}, ${where}`, fine! / coarse!, 0.65),
          ];
        }),
      ),
      ...depths.flatMap((depth, at) => [
        atMost(
          `largest ratio of ‖W‖_* at the next smaller α, n = ${depth}`,
          Math.max(...norms[at]!.slice(1).map((norm, a) => norm / norms[at]![a]!)),
          1,
        ),
        atLeast(`‖W‖_* at α = ${alphas.at(-1)!} − least sum, n = ${depth}`, norms[at]!.at(-1)! - least, 0),
      ]),
      ...depths.flatMap((depth, at) =>
        depth > 2 && shallow >= 0
          ? [
              atMost(
                `excess of ‖W‖_* at α = ${alphas.at(-1)!}, n = ${depth} / n = 2`,
                (norms[at]!.at(-1)! - least) / (norms[shallow]!.at(-1)! - least),
                1,
              ),
            ]
          : [],
      ),
    ]);
  },

  figures({ lines, limits, least }, ends, { depths, alphas }) {
    return [
      {
        name: "excess",
        title: "Every depth comes to the least nuclear norm",
        caption: String.raw`By how much $\|W\|_*$ exceeds the least sum of eigenvalues, ${least.toFixed(4)}, a linear program's value, after training
          from $\alpha I$. Two layers come down to it only logarithmically, deeper ones by powers of $\alpha$.`,
        spec: curves({
          x: { title: "scale α of the start", scale: "log" },
          y: { title: "‖W‖_* − least sum", scale: "log" },
          series: depths.flatMap((depth, at) => [
            { label: `depth ${depth}`, role: "prediction", points: lines[at]! },
            {
              label: `depth ${depth}`,
              role: "measurement",
              points: alphas.map((x, a) => ({ x, y: ends[at]![a]![1]!.nuclearNorm - least })),
            },
          ]),
        }),
      },
      {
        name: "limits",
        title: "Where descent ends",
        caption: String.raw`Eigenvalues of $W$ after gradient descent, and the Bregman projection $w_\infty$, at each depth and scale of the
          start. As $\alpha\to0$ two of the four remain, the same ones at every depth.`,
        spec: panels({
          panels: depths.map((depth, at) => ({
            title: `depth ${depth}`,
            x: { title: "eigenvalue i", domain: [0.5, size + 0.5] as const },
            y: { title: "w_i" },
            series: alphas.flatMap((alpha, a) => {
              const label = `α = ${alpha}`;
              const places = (values: readonly number[]) => values.map((y, i) => ({ x: i + 1, y }));
              return [
                { label, role: "prediction" as const, points: places(limits[at]![a]!) },
                {
                  label,
                  role: "measurement" as const,
                  points: places(ends[at]![a]![1]!.eigenvalues),
                },
              ];
            }),
          })),
        }),
      },
    ];
  },

  contrast: {
    statement: "Measurements that do not commute end elsewhere.",
    settings: { asymmetry: 0.3 },
  },
});

interface SensingProblem {
  readonly loss: EndToEndLoss;
  /** In the common eigenbasis. */
  readonly rotated: (w: Matrix<Float64Array>) => Promise<Matrix<Float64Array>>;
}

/** Measurements with the given eigenvalues in a random orthonormal basis. */
async function sensingProblem(engine: Engine, { asymmetry, seed }: Settings): Promise<SensingProblem> {
  const generator = random(seed);
  const basis = orthogonalMatrix(size, generator);
  const conjugated = async (left: Matrix, inner: Matrix, right: Matrix) =>
    product(engine, await product(engine, left, inner), right);
  const matrices = zeros(measurements.length, size * size);
  for (const [i, eigenvalues] of measurements.entries()) {
    const inner = zeros(size, size);
    eigenvalues.forEach((value, k) => (inner.data[k * size + k] = value));
    const added = gaussianMatrix(size, size, generator, { std: asymmetry });
    const { data } = await conjugated(basis, inner, transpose(basis));
    matrices.data.set(
      data.map((value, at) => value + added.data[at]!),
      i * size * size,
    );
  }
  return {
    loss: sensingLoss(engine, { rows: size, cols: size, matrices, values: results }),
    rotated: (w) => conjugated(transpose(basis), w, basis),
  };
}

/** Gradient descent whose steps follow the flow: no root u_i = w_i^{1/n} changes by more than the part c, and none overshoots. */
function trained(
  engine: Engine,
  start: LinearNetwork,
  { loss, rotated }: SensingProblem,
  {
    step,
    residual,
    signal,
  }: { readonly step: number; readonly residual: number; readonly signal: AbortSignal },
) {
  const depth = start.length;
  const stiffness = largestEigenvalue();
  const learningRate: LearningRateRule =
    () =>
    async ({ endToEnd, gradient }) => {
      const w = diagonal(await rotated(endToEnd)).map((value) => Math.max(value, Number.MIN_VALUE));
      const g = diagonal(await rotated(gradient));
      const speed = Math.max(...w.map((value, i) => Math.abs(g[i]! * value ** (1 - 2 / depth))));
      const most = Math.max(...w);
      return Math.min(step / speed, 0.2 / (depth * most ** (2 - 2 / depth) * stiffness));
    };
  return trainFactors(engine, start, loss, {
    learningRate,
    steps: 200_000,
    target: residual ** 2 / 2,
    signal,
  });
}

/** ‖A‖₂² of the two rows of eigenvalues. */
function largestEigenvalue(): number {
  const [a, b] = measurements;
  const [aa, ab, bb] = [dot(a, a), dot(a, b), dot(b, b)];
  return (aa + bb + Math.hypot(aa - bb, 2 * ab)) / 2;
}

function diagonal(a: Matrix<Float64Array>): number[] {
  return rowsOf(a).map((row, i) => row[i]!);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
