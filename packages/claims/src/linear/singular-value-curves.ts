import { factorizationLoss, factorSteps, gaussianFactors, identityFactors, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { dot, orthogonalMatrix, rowsOf } from "../data/index.ts";
import { curves, panels } from "../figures/index.ts";
import { singularValueAt } from "../predictions/index.ts";

const settings = z.object({
  targets: z
    .array(z.number().min(0.2).max(5))
    .min(2)
    .max(6)
    .default([3, 2, 1])
    .describe("φ, singular values of Φ, descending"),
  alpha: z.number().min(1e-4).max(0.1).default(0.01).describe("α, singular values of W at the start"),
  start: z
    .enum(["identity", "gaussian"])
    .default("identity")
    .describe(
      "W_j: multiples of the identity, which share singular vectors with Φ, or random of the same size",
    ),
  depths: z.array(z.int().min(2).max(6)).min(1).max(5).default([2, 3, 4]).describe("layers n"),
  steps: z
    .array(z.number().min(1e-5).max(5e-3))
    .min(2)
    .max(5)
    .default([2e-3, 1e-3, 5e-4])
    .describe("η, steps of gradient descent, descending, in units of time"),
  seed: z.int().min(0).default(0).describe("seed of the singular vectors of Φ"),
});

type Settings = z.output<typeof settings>;

/** Steps of gradient descent between two looks at the singular values. */
const between = 200;

export default claim({
  code: "LN-17",
  id: "linear/singular-value-curves",
  title: "Singular values of a deep factorization follow curves in closed form",
  statement: String.raw`Let $\ell=\frac12\|W_n\cdots W_1-\Phi\|_F^2$, and let the balanced start share singular vectors with $\Phi$, like
    $W_j=\alpha^{1/n}I$ for symmetric $\Phi\succ0$. Under gradient flow singular values do not know of one another:
    $$\dot\sigma=n\,\sigma^{2-2/n}(\varphi-\sigma).$$
    Two layers follow a logistic curve, $\sigma(t)=\varphi/\big(1+(\varphi/\alpha-1)e^{-2\varphi t}\big)$; for any depth the time to reach $\sigma$
    is elementary. Gradient descent differs by $O(\eta)$.`,
  source:
    "Saxe, McClelland & Ganguli, arXiv:1312.6120, for two layers; Arora, Cohen, Hu & Luo, arXiv:1905.13655",
  status: "proved",
  seconds: 1,
  settings,
  full: { depths: [2, 3, 4, 5, 6], steps: [2e-3, 1e-3, 5e-4, 2.5e-4, 1.25e-4] },

  predict: (chosen) =>
    chosen.depths.map((depth) => ({
      /** By step: times, and σ there. */
      runs: chosen.steps.map((step) => {
        const times = lookTimes(step, durationOf(depth));
        return { times, sigma: times.map((t) => sigmaAt(chosen, depth, t)) };
      }),
      curve: Array.from({ length: 121 }, (_, k) => {
        const t = (k * durationOf(depth)) / 120;
        return { t, sigma: sigmaAt(chosen, depth, t) };
      }),
    })),

  async measure({ targets, alpha, start, depths, steps, seed }, { engine, signal, progress }) {
    const size = targets.length;
    const basis = rowsOf(orthogonalMatrix(size, random(seed)));
    const scaled = basis.map((row) => row.map((value, k) => value * targets[k]!));
    const phi = Float64Array.from(basis.flatMap((row) => scaled.map((other) => dot(row, other))));
    const loss = factorizationLoss({ data: phi, rows: size, cols: size });
    const work = depths.length * steps.length;
    /** By depth, step and time: the singular values. */
    const found: number[][][][] = [];
    for (const depth of depths) {
      const widths = Array<number>(depth + 1).fill(size);
      const network =
        start === "identity"
          ? identityFactors(widths, { scale: alpha })
          : gaussianFactors(widths, { scale: alpha, seed });
      const runs: number[][][] = [];
      for (const step of steps) {
        const looks: number[][] = [];
        const descent = { learningRate: step, steps: Math.round(durationOf(depth) / step), signal };
        for await (const state of factorSteps(engine, network, loss, descent))
          if (state.step % between === 0)
            looks.push(Array.from((await engine.singularValues(state.endToEnd)).values));
        runs.push(looks);
        progress((found.length * steps.length + runs.length) / work, `depth ${depth}, step ${step}`);
      }
      found.push(runs);
    }
    return found;
  },

  judge(predicted, measured, { targets, depths, steps }) {
    return verdict(
      depths.flatMap((depth, i) => {
        const errors = steps.map((_, s) =>
          largestError(measured[i]![s]!, predicted[i]!.runs[s]!.sigma, targets),
        );
        const [first, last] = [errors[0]!, errors.at(-1)!];
        return [
          atMost(`largest |σ − closed form|/φ, n = ${depth}, η = ${steps.at(-1)!}`, last, 0.01),
          atLeast(`error at η = ${steps[0]!} / error at η = ${steps.at(-1)!}, n = ${depth}`, first / last, 2),
        ];
      }),
    );
  },

  figures(predicted, measured, { targets, depths, steps }) {
    const shown = depths.slice(0, 3);
    return [
      {
        name: "curves",
        title: "Singular values against time",
        caption: String.raw`Lines are the closed form, marks gradient descent with $\eta=${steps[1]!}$. The largest value comes first. The deeper
          the network, the longer it waits and the more suddenly it rises.`,
        spec: panels({
          panels: shown.map((depth, i) => ({
            title: `${depth} layers`,
            x: { title: "time t = η · steps" },
            y: { title: "singular value of W" },
            series: targets.flatMap((target, r) => [
              {
                label: `φ = ${target}`,
                role: "prediction" as const,
                points: predicted[i]!.curve.map(({ t, sigma }) => ({ x: t, y: sigma[r]! })),
              },
              {
                label: `φ = ${target}`,
                role: "measurement" as const,
                points: predicted[i]!.runs[1]!.times.map((x, k) => ({ x, y: measured[i]![1]![k]![r]! })),
              },
            ]),
          })),
        }),
      },
      {
        name: "errors",
        title: "Gradient descent is away from the flow by its step",
        caption: String.raw`Largest distance from the closed form among all singular values and times; lines of slope 1 through the smallest step.
          Singular values are looked at every ${between} steps, and large steps can miss the worst moment.`,
        spec: curves({
          x: { title: "step η", scale: "log" },
          y: { title: "largest |σ − closed form| / φ", scale: "log" },
          series: depths.flatMap((depth, i) => {
            const points = steps.map((x, s) => ({
              x,
              y: largestError(measured[i]![s]!, predicted[i]!.runs[s]!.sigma, targets),
            }));
            const end = points.at(-1)!;
            const label = `${depth} layers`;
            return [
              {
                label,
                role: "prediction" as const,
                points: steps.map((x) => ({ x, y: (end.y * x) / end.x })),
              },
              { label, role: "measurement" as const, points },
            ];
          }),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`From a random start of the same size, which shares no singular vectors with $\Phi$, singular values come at other times.`,
    settings: { start: "gaussian" },
  },
});

/** When all of the largest modes have risen. */
function durationOf(depth: number): number {
  return depth === 2 ? 3 : 6;
}

function lookTimes(step: number, duration: number): number[] {
  const looks = Math.floor(Math.round(duration / step) / between);
  return Array.from({ length: looks + 1 }, (_, k) => k * between * step);
}

function sigmaAt({ targets, alpha }: Settings, depth: number, t: number): number[] {
  return targets.map((target) => singularValueAt({ depth, target, start: alpha }, t));
}

function largestError(
  measured: readonly (readonly number[])[],
  predicted: readonly (readonly number[])[],
  targets: readonly number[],
): number {
  const errors = measured.flatMap((values, k) =>
    values.map((value, r) => Math.abs(value - predicted[k]![r]!) / targets[r]!),
  );
  return Math.max(...errors);
}
