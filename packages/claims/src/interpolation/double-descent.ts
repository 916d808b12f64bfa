import { type Engine, type Matrix, random, type Random, zeros } from "lineament";
import { z } from "zod";
import { claim, verdict, within } from "../claim.ts";
import { gaussianMatrix, gaussianVector, unitVector } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { averaged, column, distance, median, product, ridgeWeights } from "../measures/index.ts";
import { leastSquaresExcess, someFeaturesExcess } from "../predictions/index.ts";

const sizes = z.array(z.int().min(1).max(5000)).min(1).max(30);

const settings = z
  .object({
    samples: z.int().min(10).max(500).default(50).describe("n, examples, when all features are used"),
    features: sizes.default([10, 25, 40, 60, 75, 100, 400]).describe("p, when all are used"),
    draws: z.int().min(10).max(10_000).default(400).describe("data sets for each of these p"),
    curveSamples: z.int().min(10).max(500).default(60).describe("n, when some of the features are used"),
    available: z.int().min(10).max(5000).default(300).describe("D, features that the target depends on"),
    curveFeatures: sizes
      .default([10, 20, 30, 45, 50, 56, 58, 60, 62, 64, 70, 80, 120, 200, 300])
      .describe("p, the first features, which are used"),
    curveDraws: z.int().min(10).max(10_000).default(60).describe("data sets of the curve"),
    noise: z.number().min(0.01).max(10).default(0.25).describe("σ², variance of the noise; ‖w*‖² is 1"),
    ridge: z.number().min(0).max(100).default(0).describe("λ, added to Z Zᵀ/n"),
    seed: z.int().min(0).default(0).describe("seed of features, targets and noise"),
  })
  .refine(({ available, curveFeatures }) => curveFeatures.every((p) => p <= available), {
    path: ["curveFeatures"],
    message: "they must be among the available ones",
  });

type Settings = z.output<typeof settings>;

/** So near to p = n means do not settle: one looks at medians, and does not judge. */
const tooNear = 5;

export default claim({
  code: "IN-04",
  id: "interpolation/double-descent",
  title: "The test error of least squares descends twice",
  statement: String.raw`Least squares with $p$ Gaussian features, $z\sim\mathcal N(0,I_p)$, and of all interpolants the one of least norm, has for labels
    $\langle w^*,z\rangle+\varepsilon$ the expected excess
    $$\sigma^2\frac p{n-p-1}\quad(p<n-1),\qquad\sigma^2\frac n{p-n-1}+\|w^*\|^2\Big(1-\frac np\Big)\quad(p>n+1).$$
    When $w^*$ with $\|w^*\|=1$ is spread evenly over $D$ features of which the first $p=qD$ are used, the rest is noise to the fit:
    with $\sigma_e^2=\sigma^2+1-q$ the excess is $(1-q)+\sigma_e^2\frac p{n-p-1}$ and
    $(1-q)+\sigma_e^2\frac n{p-n-1}+q(1-\frac np)$. More features hurt up to $p=n$, and help beyond it.`,
  source: "Belkin, Hsu & Xu, arXiv:1903.07571; Ghosh & Belkin, arXiv:2207.11621",
  status: "proved",
  seconds: 5,
  settings,
  full: { draws: 2000, curveDraws: 500 },

  predict: ({ samples, features, curveSamples, available, curveFeatures, noise }) => ({
    all: features.map((p) => leastSquaresExcess({ samples, features: p, noise })),
    some: curveFeatures.map((p) =>
      someFeaturesExcess({ samples: curveSamples, features: p, available, noise }),
    ),
  }),

  async measure(chosen, { engine, signal, progress }) {
    const { features, draws, curveFeatures, curveDraws } = chosen;
    const generator = random(chosen.seed);
    const all = features.map((): number[] => []);
    for (const [i, p] of features.entries()) {
      for (let draw = 0; draw < draws; draw++) {
        signal.throwIfAborted();
        all[i]!.push(await excessWithAll(engine, p, chosen, generator));
      }
      progress((0.5 * (i + 1)) / features.length, `p = ${p}`);
    }
    const some = curveFeatures.map((): number[] => []);
    for (let draw = 0; draw < curveDraws; draw++) {
      signal.throwIfAborted();
      const excesses = await excessesWithSome(engine, chosen, generator);
      excesses.forEach((excess, i) => some[i]!.push(excess));
      progress(0.5 + (0.5 * (draw + 1)) / curveDraws, "curve");
    }
    return {
      all: features.map((p, i) => ({ ...averaged(p, all[i]!), median: median(all[i]!) })),
      some: curveFeatures.map((p, i) => ({ ...averaged(p, some[i]!), median: median(some[i]!) })),
    };
  },

  judge(predicted, { all, some }, { samples, curveSamples, available }) {
    const near = (name: string, { y, error }: Excess, expected: number) => {
      const tolerance = 4 * error + 0.02 * expected;
      return within(name, y, expected - tolerance, expected + tolerance, expected);
    };
    return verdict([
      ...all.flatMap((one, i) =>
        settles(one, samples) ? [near(`excess, n = ${samples}, p = ${one.x}`, one, predicted.all[i]!)] : [],
      ),
      ...some.flatMap((one, i) =>
        settles(one, curveSamples)
          ? [near(`excess, n = ${curveSamples}, p = ${one.x} of ${available}`, one, predicted.some[i]!)]
          : [],
      ),
    ]);
  },

  figures(_, { all, some }, { samples, draws, curveSamples, available, curveDraws, noise }) {
    const drawing = (
      { n, low, points }: { readonly n: number; readonly low: number; readonly points: readonly Excess[] },
      excess: (p: number) => number,
    ) => {
      const sizes = points.map(({ x }) => x);
      // Under the peak, which has no top.
      const y = [low, 0.75 * excess(n - 2)] as const;
      const near = points.filter((one) => !settles(one, n));
      return curves({
        x: {
          title: "features p",
          scale: "log",
          domain: [0.8 * Math.min(...sizes), 1.1 * Math.max(...sizes)],
        },
        y: { title: "excess test error (‖w*‖² = 1)", scale: "log", domain: y },
        series: [
          {
            label: "formula",
            role: "prediction" as const,
            points: Array.from({ length: Math.max(...sizes) }, (_, i) => ({
              x: i + 1,
              y: excess(i + 1),
            })).filter((one) => Number.isFinite(one.y)),
          },
          {
            label: "mean",
            role: "measurement" as const,
            points: points.filter((one) => settles(one, n)),
          },
          ...(near.length === 0
            ? []
            : [
                {
                  label: `median, |p − n| ≤ ${tooNear}`,
                  role: "measurement" as const,
                  points: near.map(({ x, median }) => ({ x, y: median })),
                },
              ]),
          { label: "p = n", role: "bound" as const, points: y.map((height) => ({ x: n, y: height })) },
        ],
      });
    };
    return [
      {
        name: "some",
        title: "Double descent",
        caption: String.raw`The first $p$ of $D=${available}$ features, all of which matter; $n=${curveSamples}$, $\sigma^2=${noise}$, ${curveDraws} draws, bars: standard
          error. Before $p=n$ more features make the fit worse, behind it better, and with all of them best. At $p=n$ there is no mean.`,
        spec: drawing({ n: curveSamples, low: 0.5, points: some }, (p) =>
          someFeaturesExcess({ samples: curveSamples, features: p, available, noise }),
        ),
      },
      {
        name: "all",
        title: "Least squares with all features that matter",
        caption: String.raw`$n=${samples}$, $\sigma^2=${noise}$, ${draws} draws, bars: standard error. Another $p$ is another problem: with many more features
          than examples nothing is learned, and the excess is $\|w^*\|^2=1$.`,
        spec: drawing({ n: samples, low: 0.03, points: all }, (p) =>
          leastSquaresExcess({ samples, features: p, noise }),
        ),
      },
    ];
  },

  contrast: {
    statement: String.raw`A ridge, $\lambda=0.3$, keeps the weights small at $p=n$: there is no peak.`,
    settings: { ridge: 0.3, draws: 50, curveDraws: 20 },
  },
});

interface Excess {
  /** p. */
  readonly x: number;
  readonly y: number;
  readonly error: number;
  readonly median: number;
}

function settles({ x }: Excess, samples: number): boolean {
  return Math.abs(x - samples) > tooNear;
}

/** ‖ŵ − w*‖² for a random direction w*. */
async function excessWithAll(
  engine: Engine,
  p: number,
  { samples, noise, ridge }: Settings,
  generator: Random,
): Promise<number> {
  const features = gaussianMatrix(samples, p, generator);
  const truth = unitVector(p, generator);
  const labels = await noisyLabels(engine, features, truth, noise, generator);
  return distance(await ridgeWeights(engine, features, labels, ridge), truth) ** 2;
}

/** By p: ‖ŵ − w*‖², where ŵ is 0 on all but the first p features. */
async function excessesWithSome(
  engine: Engine,
  { curveSamples, available, curveFeatures, noise, ridge }: Settings,
  generator: Random,
): Promise<number[]> {
  const features = gaussianMatrix(curveSamples, available, generator);
  const truth = new Float64Array(available).fill(1 / Math.sqrt(available));
  const labels = await noisyLabels(engine, features, truth, noise, generator);
  const excesses: number[] = [];
  for (const p of curveFeatures) {
    const weights = await ridgeWeights(engine, firstColumns(features, p), labels, ridge);
    excesses.push(distance(weights, truth.subarray(0, p)) ** 2 + 1 - p / available);
  }
  return excesses;
}

async function noisyLabels(
  engine: Engine,
  features: Matrix,
  truth: Float64Array,
  noise: number,
  generator: Random,
): Promise<Float64Array> {
  const { data } = await product(engine, features, column(truth));
  const errors = gaussianVector(data.length, generator);
  return data.map((value, i) => value + Math.sqrt(noise) * errors[i]!);
}

function firstColumns(a: Matrix, count: number): Matrix<Float64Array> {
  const result = zeros(a.rows, count);
  for (let i = 0; i < a.rows; i++)
    result.data.set(a.data.subarray(i * a.cols, i * a.cols + count), i * count);
  return result;
}
