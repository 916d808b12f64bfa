import { balancedFactors, type Engine, regressionLoss, scaledLoss } from "lineament";
import { z } from "zod";
import { atLeast, claim, verdict, within } from "../claim.ts";
import { curves } from "../figures/index.ts";
import { type BestStep, bestStep, lossCurve, median, regressionAcceleration } from "../measures/index.ts";
import { effectiveStep, quarticDescentIterations, quarticStepLimit } from "../predictions/index.ts";

const settings = z.object({
  power: z
    .union([z.literal(2), z.literal(4)])
    .default(4)
    .describe("p of the loss 1/(pN) Σ |⟨w, xᵢ⟩ − yᵢ|^p of regression"),
  samples: z.int().min(50).max(5000).default(400).describe("examples N of regression"),
  dimension: z.int().min(2).max(200).default(20).describe("inputs d of regression"),
  dataSets: z.int().min(1).max(50).default(5).describe("data sets of regression"),
  cap: z.int().min(500).max(100_000).default(6000).describe("iterations at most"),
  target: z
    .number()
    .min(1)
    .max(100)
    .default(10)
    .describe("y₁ of the problem with two coordinates; y₂ is a tenth of it"),
  seed: z.int().min(0).default(0).describe("seed of data and starts"),
});

/** Depths of both problems; the one with two coordinates also has four layers. */
const depths = [1, 2, 3, 4] as const;
const compared = depths.slice(0, 3);

export default claim({
  code: "LN-12",
  id: "linear/implicit-acceleration",
  title: "Depth speeds up gradient descent on a loss of power four",
  statement: String.raw`On $\ell_4$ regression gradient descent on two or three layers, each hidden one a single neuron, reaches a loss in fewer
    iterations than on the linear model, each with its best constant step. For $\ell=\frac14[(w_1-y_1)^4+(w_2-y_2)^4]$ with
    $y_1\gg y_2$ the linear model diverges unless $\eta<2/y_1^2$, and then needs about $\frac1{2\eta\sqrt{2\epsilon}}$ iterations to the loss
    $\epsilon$. Depth $n$ has the effective step $\eta\|w\|^{2-2/n}$: small where the gradient is huge, and large on the flat tail.`,
  source: "Arora, Cohen & Hazan, arXiv:1802.06509; lecture notes on linear networks, Figure 1 (left)",
  status: "checked",
  seconds: 13,
  settings,
  full: { samples: 2000, dimension: 100, dataSets: 20 },

  predict: ({ target }) => {
    const epsilon = lossTarget(target);
    const limit = quarticStepLimit(target);
    return {
      stepLimit: limit,
      fewestIterations: quarticDescentIterations(limit, epsilon),
      /** Iterations with the steps at depths 1, 2, …, on the tail. */
      iterations: depths.map((depth) =>
        gridOf(target, depth).map((step) => ({
          step,
          iterations: quarticDescentIterations(effectiveStep(step, target, depth), epsilon),
        })),
      ),
    };
  },

  async measure({ power, target, ...chosen }, { engine, signal, progress }) {
    const coordinates: { readonly best: BestStep; readonly losses: readonly number[] }[] = [];
    for (const depth of depths) coordinates.push(await twoCoordinates(engine, target, depth, signal));
    const regression = await regressionAcceleration(
      engine,
      chosen,
      { power, depths: compared },
      { signal, progress: (part) => progress(0.1 + 0.9 * part) },
    );
    return { coordinates, regression };
  },

  judge(predicted, { coordinates, regression }, { target, power }) {
    const [linear, ...deep] = coordinates.map(({ best }) => best);
    const expected = quarticDescentIterations(linear!.step, lossTarget(target));
    return verdict([
      within(
        "two coordinates: iterations of one layer with its best step",
        linear!.iterations,
        0.95 * expected,
        1.05 * expected,
        expected,
      ),
      ...deep
        .slice(0, 2)
        .map(({ iterations }, i) =>
          atLeast(`two coordinates: speed-up by ${i + 2} layers`, linear!.iterations / iterations, 5),
        ),
      ...compared.slice(1).flatMap((depth, i) => {
        const ratios = regression.best.map((found) => found[0]!.iterations / found[i + 1]!.iterations);
        return [
          atLeast(`ℓ${power} regression: smallest speed-up by ${depth} layers`, Math.min(...ratios), 1.5),
          atLeast(`ℓ${power} regression: median speed-up by ${depth} layers`, median(ratios), 2.2),
        ];
      }),
    ]);
  },

  figures(predicted, { coordinates, regression }, { target, power }) {
    return [
      {
        name: "regression",
        title: `Training loss of ℓ${power} regression, each depth with its best step`,
        caption: String.raw`Loss as a part of the loss at the start, on the first data set. All fall fast at first. On the
          flat tail deep networks are several times as fast.`,
        spec: curves({
          x: { title: "iterations", scale: "log" },
          y: { title: "loss / loss at the start", scale: "log" },
          series: compared.map((depth, i) => ({
            label: layersOf(depth),
            role: "measurement" as const,
            points: along(regression.curves[i]!),
          })),
        }),
      },
      {
        name: "two-coordinates",
        title: "Training loss of the problem with two coordinates",
        caption: String.raw`$y=(${target},${target / 10})$, each depth with its best step. The line is the tail of the linear model, $\frac1{8\eta^2t^2}$.`,
        spec: curves({
          x: { title: "iterations", scale: "log" },
          y: { title: "loss", scale: "log" },
          series: [
            {
              label: layersOf(1),
              role: "prediction" as const,
              points: tailOf(coordinates[0]!.best),
            },
            ...depths.map((depth, i) => ({
              label: layersOf(depth),
              role: "measurement" as const,
              points: along(coordinates[i]!.losses),
            })),
          ],
        }),
      },
      {
        name: "steps",
        title: "Iterations against the step",
        caption: String.raw`Lines: iterations on the flat tail, $1/(2\eta y_1^{2-2/n}\sqrt{2\epsilon})$, for steps of the grid. One layer diverges beyond
          $2/y_1^2$ (dashed). Marks: the best step of each depth.`,
        spec: curves({
          x: { title: "effective step on the tail, η y₁^(2−2/n) · y₁²", scale: "log" },
          y: { title: `iterations to the loss ${Number(lossTarget(target).toPrecision(2))}`, scale: "log" },
          series: [
            {
              label: "tail",
              role: "prediction" as const,
              points: predicted.iterations[0]!.map(({ step, iterations: y }) => ({
                x: step * target ** 2,
                y,
              })),
            },
            ...depths.map((depth, i) => {
              const { step, iterations: y } = coordinates[i]!.best;
              return {
                label: layersOf(depth),
                role: "measurement" as const,
                points: [{ x: effectiveStep(step, target, depth) * target ** 2, y }],
              };
            }),
            {
              label: "one layer diverges beyond",
              role: "bound" as const,
              points: [100, 1e5].map((y) => ({ x: predicted.stepLimit * target ** 2, y })),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Least squares, $p=2$, has constant curvature: a step that adapts to $\|w\|$ buys nothing.`,
    settings: { power: 2, dataSets: 2 },
  },
});

/** ε, the same at every scale of y. */
function lossTarget(target: number): number {
  return 0.25e-4 * (target / 10) ** 4;
}

/** Steps 10^(k/24) in units of y₁^−(4−2/n), the inverse curvature. */
function gridOf(target: number, depth: number): number[] {
  return Array.from({ length: 73 }, (_, k) => 10 ** (-1.5 + k / 24) * target ** -(4 - 2 / depth));
}

async function twoCoordinates(
  engine: Engine,
  target: number,
  depth: number,
  signal: AbortSignal,
): Promise<{ readonly best: BestStep; readonly losses: readonly number[] }> {
  const identity = { data: Float64Array.of(1, 0, 0, 1), rows: 2, cols: 2 };
  const y = { data: Float64Array.of(target, target / 10), rows: 2, cols: 1 };
  const w = { data: new Float64Array(2).fill(target / 1000), rows: 1, cols: 2 };
  const problem = {
    start: await balancedFactors(engine, w, { depth, width: 1 }),
    // A sum over the coordinates, not a mean.
    loss: scaledLoss(regressionLoss(engine, identity, y, { p: 4 }), 2),
    target: lossTarget(target),
    steps: gridOf(target, depth),
    cap: 20_000,
  };
  const best = await bestStep(engine, problem, signal);
  return { best, losses: await lossCurve(engine, problem, best, signal) };
}

/** What is left on the tail, twice ¼ e⁴ with e⁻² = 2ηt. */
function tailOf({ step, iterations }: BestStep): { readonly x: number; readonly y: number }[] {
  return [100, iterations].map((x) => ({ x, y: 1 / (2 * (2 * step * x) ** 2) }));
}

function layersOf(depth: number): string {
  return depth === 1 ? "1 layer" : `${depth} layers`;
}

/** Some dozens of the losses, at equal ratios of iterations. */
function along(losses: readonly number[]): { readonly x: number; readonly y: number }[] {
  const last = losses.length - 1;
  const places = Array.from({ length: 41 }, (_, k) => Math.round(last ** (k / 40)));
  return [...new Set(places)].map((x) => ({ x, y: losses[x]! }));
}
