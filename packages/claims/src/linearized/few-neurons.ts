import { type Engine, type Matrix, random, RidgeSystem, transpose, zeros } from "lineament";
import { z } from "zod";
import { atMost, type Check, claim, verdict, within } from "../claim.ts";
import { logSpaced, spherePoints, zonalTargets } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { hiddenFeatures, mean, product, tangentFeatures } from "../measures/index.ts";
import { featureApproximationErrors } from "../predictions/index.ts";

/** ‖P_k f‖² of the target, k = 0 … 3. */
const energies = [0, 0.5, 0.3, 0.2];

/** σ(z) = max(z − ½, 0): has all degrees. */
const offset = 0.5;

const settings = z
  .object({
    dimension: z.int().min(5).max(60).default(20).describe("input dimension d"),
    samples: z
      .int()
      .min(500)
      .max(50_000)
      .default(4000)
      .describe("training points n, many more than parameters"),
    testPoints: z.int().min(100).max(10_000).default(2000).describe("test points"),
    targets: z.int().min(1).max(100).default(20).describe("random targets averaged over"),
    randomWidths: z
      .array(z.int().min(1).max(5000))
      .min(1)
      .max(10)
      .default([5, 10, 20, 40, 80, 160, 320, 640])
      .describe("neurons N of random-feature models: N parameters"),
    tangentWidths: z
      .array(z.int().min(1).max(500))
      .min(1)
      .max(10)
      .default([1, 2, 4, 8, 16, 32])
      .describe("neurons N of tangent models: N d parameters"),
    seed: z.int().min(0).default(0).describe("seed of points, target and networks"),
  })
  .refine(
    ({ dimension, samples, randomWidths, tangentWidths }) =>
      samples >= 2 * Math.max(...randomWidths, ...tangentWidths.map((width) => width * dimension)),
    {
      path: ["samples"],
      message:
        "it must be at least twice the number of parameters of every model, random features N and tangent features N d",
    },
  );

export default claim({
  code: "LZ-25",
  id: "linearized/few-neurons",
  title: "With N neurons, tangent features fit one degree more than random features",
  statement: String.raw`With infinitely many samples and $d^{\ell+\delta}\le N\le d^{\ell+1-\delta}$ neurons, random features fit the parts of a target up to
    degree $\ell$, tangent features up to degree $\ell+1$ (they have $Nd$ parameters), and no more.`,
  source: "Ghorbani, Mei, Misiakiewicz & Montanari, arXiv:1904.12191 (approximation-limited regime)",
  status: "reported",
  seconds: 1,
  settings,
  full: {
    samples: 8000,
    randomWidths: [5, 10, 20, 40, 80, 160, 320, 640, 1280],
    tangentWidths: [1, 2, 4, 8, 16, 32, 64],
  },

  predict({ dimension, randomWidths, tangentWidths }) {
    const along = (widths: readonly number[]): number[] =>
      logSpaced(Math.min(...widths), Math.max(...widths), 41);
    const errors = featureApproximationErrors({ dimension, offset, energies });
    return {
      random: along(randomWidths).map((width) => ({ width, error: errors.random(width) })),
      tangent: along(tangentWidths).map((width) => ({ width, error: errors.tangent(width) })),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { dimension: d, samples, testPoints, targets, randomWidths, tangentWidths, seed } = chosen;
    const generator = random(seed);
    const target = zonalTargets(d, energies, targets, generator);
    const x = spherePoints(samples, d, generator);
    const test = spherePoints(testPoints, d, generator);
    const data = { x, y: target(x), test, truth: target(test) };
    const models = [
      ...randomWidths.map((width) => ({ kind: "random" as const, width, parameters: width })),
      ...tangentWidths.map((width) => ({ kind: "tangent" as const, width, parameters: width * d })),
    ];
    const work = models.reduce((sum, { parameters }) => sum + parameters, 0);
    const errors = { random: [] as number[], tangent: [] as number[] };
    let done = 0;
    for (const { kind, width, parameters } of models) {
      signal.throwIfAborted();
      const weights = spherePoints(width, d, generator, { radius: 1 });
      const features = (points: Matrix): Promise<Matrix<Float64Array>> =>
        kind === "random"
          ? hiddenFeatures(engine, points, weights, (z) => Math.max(0, z - offset))
          : hiddenFeatures(engine, points, weights, (z) => (z > offset ? 1 : 0)).then((slopes) =>
              tangentFeatures(points, slopes),
            );
      const error = await leastSquaresError(engine, features, data);
      // Least squares with p of n parameters inflates its error by 1/(1 − p/n); the claim is about n = ∞.
      errors[kind].push(error * (1 - parameters / samples));
      progress((done += parameters) / work, `${kind} features, N = ${width}`);
    }
    return errors;
  },

  judge(_, measured, { randomWidths, tangentWidths }) {
    const random = (width: number): number | undefined => measured.random[randomWidths.indexOf(width)];
    const tangent = (width: number): number | undefined => measured.tangent[tangentWidths.indexOf(width)];
    const checks: Check[] = [];
    const check = (value: number | undefined, of: (found: number) => Check): void => {
      if (value !== undefined) checks.push(of(value));
    };
    const wide = random(160);
    if (wide !== undefined)
      check(tangent(16), (found) =>
        atMost(`error of tangent features at N = 16 / random features at N = 160`, found / wide, 1.25),
      );
    check(random(80), (found) => within("error of random features, N = 80", found, 0.36, 0.62));
    check(tangent(32), (found) => atMost("error of tangent features, N = 32", found, 0.38));
    check(tangent(64), (found) => atMost("error of tangent features, N = 64", found, 0.26));
    return verdict([
      ...checks,
      atMost("largest growth of the error along N, random features", growth(measured.random), 1.05),
      atMost("largest growth of the error along N, tangent features", growth(measured.tangent), 1.05),
    ]);
  },

  figures: (predicted, measured, { dimension: d, randomWidths, tangentWidths }) => [
    {
      name: "error",
      title: "Error of the best fit against the number of neurons",
      caption: String.raw`A target with parts of degree 1, 2, 3 (squared norms .5, .3, .2) in $d=${d}$, fitted by least squares on random and on tangent
        features of $N$ neurons with $\sigma(z)=\max(z-\frac12,0)$. Tangent features are ahead by about one power of $d$. Lines: the
        deterministic equivalent $\sum_k\|P_kf\|^2\frac{\nu}{\lambda_k+\nu}$, not part of the verdict; the steps that theory promises as
        $d\to\infty$ are faint levels, and are not visible at this size.`,
      spec: curves({
        x: { title: "log_d N (power of d in the number of neurons)" },
        y: { title: "squared error / squared norm of the target", domain: [0, 1.05] },
        series: [
          ...(
            [
              ["random features", randomWidths, predicted.random, measured.random],
              ["tangent features", tangentWidths, predicted.tangent, measured.tangent],
            ] as const
          ).flatMap(([label, widths, line, marks]) => [
            { label, role: "prediction" as const, points: powers(d, line) },
            {
              label,
              role: "measurement" as const,
              points: powers(
                d,
                widths.map((width, i) => ({ width, error: marks[i]! })),
              ),
            },
          ]),
          ...[1, 2].map((degree) => {
            const left = energies.slice(degree + 1).reduce((sum, energy) => sum + energy, 0);
            const last = Math.log(Math.max(...randomWidths)) / Math.log(d);
            return {
              label: `left beyond degree ${degree}`,
              role: "bound" as const,
              points: [0, last].map((x) => ({ x, y: left })),
            };
          }),
        ],
      }),
    },
  ],
});

function powers(
  d: number,
  points: readonly { readonly width: number; readonly error: number }[],
): { x: number; y: number }[] {
  return points.map(({ width, error }) => ({ x: Math.log(width) / Math.log(d), y: error }));
}

/** The largest ratio of an error to the one before it. */
function growth(errors: readonly number[]): number {
  return errors.slice(1).reduce((most, error, i) => Math.max(most, error / errors[i]!), 0);
}

/** Mean squared error on the test points of the least-squares fit to the training points, by the normal equations. */
async function leastSquaresError(
  engine: Engine,
  features: (points: Matrix) => Promise<Matrix<Float64Array>>,
  data: { readonly x: Matrix; readonly y: Matrix; readonly test: Matrix; readonly truth: Matrix },
): Promise<number> {
  const phi = await features(data.x);
  const normal = zeros(phi.cols, phi.cols);
  await engine.syrk({ a: phi, c: normal, transpose: true });
  const system = new RidgeSystem(engine, normal);
  await system.factor(0);
  const { coefficients } = await system.solve(await product(engine, transpose(phi), data.y));
  const outputs = await product(engine, await features(data.test), coefficients);
  return mean(outputs.data.map((value, i) => (value - data.truth.data[i]!) ** 2));
}
