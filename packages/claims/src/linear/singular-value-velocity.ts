import {
  endToEnd,
  type Engine,
  factorSteps,
  identityFactors,
  layerGradients,
  type LinearNetwork,
  type Matrix,
  random,
} from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { logSpaced } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { lowRankSensing, lowRankSensingSettings, median } from "../measures/index.ts";
import { singularValueVelocity } from "../predictions/index.ts";

const settings = z.object({
  ...lowRankSensingSettings,
  alpha: z.number().min(1e-6).max(0.1).default(1e-3).describe("α, the singular values of W at the start"),
  skew: z
    .number()
    .min(0)
    .max(5)
    .default(0)
    .describe("s: layers start at e^s and e^(−s) times those of the balanced start, the others in between"),
  every: z.int().min(1).max(1000).default(50).describe("steps between two measurements of the velocity"),
  seed: z.int().min(0).default(0).describe("seed of W* and of the measurements"),
});

/** How each depth is trained. */
const runs = [
  { depth: 2, step: 2e-3, steps: 5000 },
  { depth: 3, step: 1e-3, steps: 8000 },
] as const;

/** Singular values that are followed. */
const followed = 3;

/** The velocity is measured over this part of a step. */
const shortStep = 1 / 100;

export default claim({
  code: "LN-16",
  id: "linear/singular-value-velocity",
  title: "Depth speeds up large singular values and slows down small ones",
  statement: String.raw`Along gradient flow on $n$ balanced layers the singular values of $W=\sum_r\sigma_ru_rv_r^\top$ move by
    $$\dot\sigma_r=-n\,(\sigma_r^2)^{1-1/n}\,\langle\nabla\ell(W),u_rv_r^\top\rangle.$$
    The loss enters as if there were one layer, and depth by the factor $n\,\sigma_r^{2-2/n}$ alone: 1 for one layer, and nearly proportional to
    $\sigma_r^2$ for many.`,
  source: "Arora, Cohen, Hu & Luo, arXiv:1905.13655, Theorem 3",
  status: "proved",
  seconds: 2,
  settings,
  full: { every: 5 },

  /** By depth: the factor on −⟨∇ℓ, u vᵀ⟩. */
  predict: ({ singularValues }) =>
    runs.map(({ depth }) =>
      logSpaced(1e-3, 1.1 * singularValues[0]!, 41).map((sigma) => ({
        sigma,
        factor: singularValueVelocity([[sigma]], [[-1]], depth).velocities[0]!,
      })),
    ),

  async measure({ alpha, skew, every, seed, ...problem }, { engine, signal, progress }) {
    const { loss } = lowRankSensing(engine, problem, random(seed));
    const found: { readonly samples: readonly Sample[]; readonly end: readonly number[] }[] = [];
    for (const { depth, step, steps } of runs) {
      const widths = Array<number>(depth + 1).fill(problem.dimension);
      const start = identityFactors(widths, { scale: alpha }).map((layer, j) =>
        scaledBy(layer, Math.exp(skew * (1 - (2 * j) / (depth - 1)))),
      );
      const samples: Sample[] = [];
      let end: readonly number[] = [];
      const options = { learningRate: step, steps, signal };
      for await (const { step: k, parameters, endToEnd: w, gradient } of factorSteps(
        engine,
        start,
        loss,
        options,
      )) {
        if (k % every !== 0) continue;
        const sample = await velocityAt(engine, parameters, w, gradient, step * shortStep);
        samples.push({ time: k * step, ...sample });
        end = sample.sigma;
        progress((found.length + k / steps) / runs.length, `${depth} layers`);
      }
      // On the way: between 10% and 90% of the final value.
      const moving = ({ sigma }: Sample): boolean =>
        sigma.some((value, r) => value >= 0.1 * end[r]! && value <= 0.9 * end[r]!);
      found.push({ samples: samples.filter(moving), end });
    }
    return found;
  },

  judge(_, measured) {
    return verdict(
      measured.map(({ samples }, i) =>
        atMost(
          `median relative error of dσ/dt, ${runs[i]!.depth} layers, ${samples.length} times`,
          median(errorsOf(samples, runs[i]!.depth)),
          1e-3,
        ),
      ),
    );
  },

  figures(predicted, measured, { singularValues }) {
    const label = (i: number): string => `${runs[i]!.depth} layers`;
    return [
      {
        name: "factor",
        title: "How depth changes the speed of a singular value",
        caption: String.raw`Measured velocity divided by $-\langle\nabla\ell,u_rv_r^\top\rangle$, the velocity of a linear model, for the ${followed} largest singular
          values on their way. Lines: $n\,\sigma^{2-2/n}$, nothing fitted. Small values are slow, the smaller the slower.`,
        spec: curves({
          x: { title: "singular value σ", scale: "log", domain: [1e-3, 1.2 * singularValues[0]!] },
          y: { title: "velocity / velocity of one layer", scale: "log" },
          series: runs.flatMap((_, i) => [
            {
              label: label(i),
              role: "prediction" as const,
              points: predicted[i]!.map(({ sigma, factor }) => ({ x: sigma, y: factor })),
            },
            {
              label: label(i),
              role: "measurement" as const,
              points: thinned(
                measured[i]!.samples.flatMap(({ sigma, velocity, linear }) =>
                  sigma.map((x, r) => ({ x, y: velocity[r]! / linear[r]! })),
                ),
              ),
            },
          ]),
        }),
      },
      {
        name: "velocity",
        title: "Velocities of singular values, formula and difference quotient",
        caption: String.raw`Each mark is one of the ${followed} largest singular values at one moment: its difference quotient over a hundredth of a step
          against the formula at the same weights. On the line they agree.`,
        spec: curves({
          x: { title: "|dσ/dt| by the formula", scale: "log" },
          y: { title: "|dσ/dt| measured", scale: "log" },
          series: [
            { label: "equal", role: "prediction", points: [1e-4, 100].map((x) => ({ x, y: x })) },
            ...runs.map(({ depth }, i) => ({
              label: label(i),
              role: "measurement" as const,
              points: thinned(
                measured[i]!.samples.flatMap((sample) => {
                  const expected = formula(sample, depth);
                  return sample.velocity.map((y, r) => ({ x: Math.abs(expected[r]!), y: Math.abs(y) }));
                }),
              ),
            })),
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Between layers of very different size, $W_1$ about three thousand times $W_n$, the imbalance adds to the factor, and singular values are
      faster than the formula says.`,
    settings: { skew: 4 },
  },
});

/** The largest singular values at one moment. */
interface Sample {
  readonly time: number;
  readonly sigma: readonly number[];
  /** Their difference quotients. */
  readonly velocity: readonly number[];
  /** −⟨∇ℓ(W), u_r v_rᵀ⟩: the velocity with one layer. */
  readonly linear: readonly number[];
}

async function velocityAt(
  engine: Engine,
  layers: LinearNetwork,
  w: Matrix<Float64Array>,
  gradient: Matrix<Float64Array>,
  duration: number,
): Promise<Omit<Sample, "time">> {
  const gradients = await layerGradients(engine, layers, gradient);
  const moved = layers.map((layer, j) => ({
    ...layer,
    data: layer.data.map((value, k) => value - duration * gradients[j]!.data[k]!),
  }));
  const now = await engine.singularValues(w);
  const next = await engine.singularValues(await endToEnd(engine, moved));
  const range = Array.from({ length: followed }, (_, r) => r);
  return {
    sigma: range.map((r) => now.values[r]!),
    velocity: range.map((r) => (next.values[r]! - now.values[r]!) / duration),
    linear: range.map((r) => {
      let sum = 0;
      for (let i = 0; i < w.rows; i++)
        for (let j = 0; j < w.cols; j++)
          sum -=
            now.u.data[i * now.u.cols + r]! * gradient.data[i * w.cols + j]! * now.vt.data[r * w.cols + j]!;
      return sum;
    }),
  };
}

/** What theory says about a sample: the formula in coordinates of the singular vectors. */
function formula({ sigma, linear }: Sample, depth: number): readonly number[] {
  const diagonal = (values: readonly number[]): number[][] =>
    values.map((value, r) => values.map((_, k) => (k === r ? value : 0)));
  return singularValueVelocity(diagonal(sigma), diagonal(linear.map((value) => -value)), depth).velocities;
}

function errorsOf(samples: readonly Sample[], depth: number): number[] {
  return samples.flatMap((sample) => {
    const expected = formula(sample, depth);
    return sample.velocity.map((value, r) => Math.abs(value / expected[r]! - 1));
  });
}

/** Every few, so that marks can be told apart. */
function thinned<T>(points: readonly T[]): readonly T[] {
  const every = Math.ceil(points.length / 80);
  return points.filter((_, k) => k % every === 0);
}

function scaledBy(layer: Matrix<Float64Array>, factor: number): Matrix<Float64Array> {
  return { ...layer, data: layer.data.map((value) => factor * value) };
}
