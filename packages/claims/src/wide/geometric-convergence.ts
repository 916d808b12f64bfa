import {
  denseNetwork,
  type Engine,
  linearizedSharpness,
  lossHessianProduct,
  type Matrix,
  random,
  restrictedCurvature,
  restrictedStrongConvexity,
  trainingSteps,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { rowsOf, type TwoLayerStart, twoLayerStart, wavyLabels } from "../data/index.ts";
import { panels } from "../figures/index.ts";
import { mean, straightness } from "../measures/index.ts";
import {
  descentFilter,
  kernelModes,
  nonlinearities,
  trainingLoss,
  twoLayerTangentKernel,
} from "../predictions/index.ts";

const settings = z.object({
  samples: z.int().min(2).max(100).default(20).describe("training points n"),
  dimension: z.int().min(2).max(50).default(10).describe("input dimension d"),
  widths: z
    .array(z.int().min(16).max(16_384))
    .min(1)
    .max(4)
    .default([256, 1024])
    .describe("neurons m, ascending"),
  omega: z
    .number()
    .min(0.05)
    .max(3)
    .default(1)
    .describe("ω: learning rate in units of 1/β, β = 2λ_max(K_0)/n the smoothness of the linearized loss"),
  steps: z.int().min(40).max(1000).default(100).describe("steps of gradient descent"),
  seed: z.int().min(0).default(0).describe("seed of points and networks"),
});

type Chosen = z.output<typeof settings>;

/** Steps between two looks at gradients and curvatures. */
const every = 10;

/** Before this step the mean residual is fitted; then the loss is to be a straight line. */
const settled = 20;

export default claim({
  code: "WN-06",
  id: "wide/geometric-convergence",
  title: "The loss converges geometrically, though not for long by restricted convexity",
  statement: String.raw`With learning rate $\eta=\omega/\beta$, $0<\omega<2$, gradient descent of a wide network on $L=\frac1n\sum(f_i-y_i)^2$ contracts the
    loss by a constant factor a step. Restricted strong convexity gives such a rate as long as steps stay in the cone
    $|\cos(\nabla L,\bar g)|\ge\kappa$: $\|\bar g\|^2$ hardly changes, and along $\nabla L$ the bound with $\kappa_t=|\cos(\nabla L_t,\bar g_t)|$
    holds. But once the mean residual is fitted the gradient is nearly orthogonal to $\bar g$: for any fixed $\kappa$ descent leaves the cone
    early, and the observed rate has other reasons.`,
  source:
    "Banerjee, Cisneros-Velarde, Zhu & Belkin, arXiv:2209.15106 (its rate as reported, constants unverified)",
  status: "checked",
  seconds: 4,
  settings,
  full: { widths: [256, 1024, 4096] },

  predict: (chosen) =>
    examples(chosen).map(({ x, y, start }) => {
      const n = chosen.samples;
      const network = { weights: rowsOf(start.weights), readout: Array.from(start.readout) };
      const { outputs, kernel } = twoLayerTangentKernel(network, rowsOf(x), nonlinearities.tanh);
      // The loss is 2/n times ½ Σ (f − y)²: so are its modes.
      const modes = kernelModes(kernel.map((row) => row.map((entry) => (2 * entry) / n)));
      const residual = outputs.map((f, i) => (y.data[i]! - f) * Math.sqrt(2 / n));
      const eta = chosen.omega / modes.values.at(-1)!;
      return {
        /** Of the linearized network. */
        losses: Array.from({ length: chosen.steps + 1 }, (_, t) =>
          trainingLoss(modes, residual, descentFilter(eta, t)),
        ),
        meanGradientSquared: mean(kernel.flat()),
      };
    }),

  async measure(chosen, { engine, signal, progress }) {
    const runs = [];
    const work = chosen.widths.reduce((sum, width) => sum + width, 0);
    let done = 0;
    for (const example of examples(chosen)) {
      runs.push(await descent(engine, example, chosen, signal));
      done += example.start.readout.length;
      progress(done / work);
    }
    return runs;
  },

  judge(predicted, measured, { widths, steps }) {
    return verdict(
      widths.flatMap((width, i) => {
        const { losses, looks } = measured[i]!;
        const line = losses.map((loss, x) => ({ x, y: Math.log(loss) })).slice(settled, steps + 1);
        const start = predicted[i]!.meanGradientSquared;
        return [
          atLeast(`R² of ln L against t from step ${settled} on, m = ${width}`, straightness(line), 0.98),
          atMost(`loss at the end / loss at the start, m = ${width}`, losses.at(-1)! / losses[0]!, 1),
          ...(width < 256
            ? []
            : [
                atMost(
                  `largest |‖ḡ_t‖²/‖ḡ_0‖² − 1|, m = ${width}`,
                  Math.max(
                    ...looks.map(({ meanGradientSquared }) => Math.abs(meanGradientSquared / start - 1)),
                  ),
                  0.3,
                ),
              ]),
          atLeast(
            `smallest (curvature along ∇L − bound with κ_t) in ${looks.length} looks, m = ${width}`,
            Math.min(...looks.map(({ curvature, bound }) => curvature - bound)),
            0,
          ),
        ];
      }),
    );
  },

  figures(predicted, measured, { widths, steps }) {
    const x = { title: "step t" };
    return [
      {
        name: "descent",
        title: "A straight descent, out of the cone",
        caption: String.raw`Left: the loss, and that of the linearized network (lines). Right: the gradient begins within the cone of $\bar g$ and leaves it in the
          first steps. From then on restricted strong convexity says next to nothing, while the loss goes on falling at a constant rate.`,
        spec: panels({
          panels: [
            {
              title: "loss",
              x,
              y: { title: "L = (1/n) Σ (f − y)²", scale: "log" },
              series: widths.flatMap((width, i) => [
                {
                  label: `m = ${width}`,
                  role: "prediction" as const,
                  points: predicted[i]!.losses.map((y, t) => ({ x: t, y })),
                },
                {
                  label: `m = ${width}`,
                  role: "measurement" as const,
                  points: measured[i]!.losses.flatMap((y, t) => (t % 5 === 0 ? [{ x: t, y }] : [])),
                },
              ]),
            },
            {
              title: "direction of the gradient",
              x,
              y: { title: "|cos(∇L, ḡ)|", domain: [0, 1] },
              series: [
                ...widths.map((width, i) => ({
                  label: `m = ${width}`,
                  role: "measurement" as const,
                  points: measured[i]!.looks.map(({ step, cosine }) => ({ x: step, y: Math.abs(cosine) })),
                })),
                {
                  label: "κ = 0.5",
                  role: "bound" as const,
                  points: [0, steps].map((at) => ({ x: at, y: 0.5 })),
                },
              ],
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Beyond $\omega=2$ the loss is catapulted: the mean gradient changes by more than that.`,
    settings: { omega: 3 },
  },
});

interface Example {
  readonly x: Matrix<Float64Array>;
  readonly y: Matrix<Float64Array>;
  readonly start: TwoLayerStart;
}

/** One network of each width, all on the same points. */
function examples({ samples, dimension, widths, seed }: Chosen): readonly Example[] {
  const generator = random(seed);
  const points = wavyLabels(samples, dimension, 0.5, generator);
  return widths.map((width) => ({ ...points, start: twoLayerStart(width, dimension, generator) }));
}

interface Look {
  readonly step: number;
  readonly meanGradientSquared: number;
  /** cos(∇L, ḡ). */
  readonly cosine: number;
  /** Of L along ∇L. */
  readonly curvature: number;
  /** The bound of restricted strong convexity on it, at κ = |cos|. */
  readonly bound: number;
}

async function descent(
  engine: Engine,
  { x, y, start }: Example,
  { dimension, omega, steps }: Chosen,
  signal: AbortSignal,
): Promise<{ readonly losses: readonly number[]; readonly looks: readonly Look[] }> {
  const network = denseNetwork(engine, {
    inputs: dimension,
    widths: [start.readout.length],
    activation: "tanh",
  });
  const loss = "mean-squares";
  const sharpness = await linearizedSharpness(network, start.parameters, x, y, { loss, signal });
  const options = { x, y, loss, learningRate: omega / sharpness, steps, signal } as const;
  const losses: number[] = [];
  const looks: Look[] = [];
  for await (const { step, parameters, ...state } of trainingSteps(network, start.parameters, options)) {
    losses.push(state.loss);
    if (step % every !== 0) continue;
    const quantities = await restrictedStrongConvexity(network, parameters, x, y, {
      tolerance: 0.05,
      signal,
    });
    const { gradient, meanGradientSquared, cosine } = quantities;
    const hessian = await lossHessianProduct(network, parameters, x, y, loss);
    looks.push({
      step,
      meanGradientSquared,
      cosine,
      curvature: dot(gradient, await hessian(gradient)) / dot(gradient, gradient),
      bound: restrictedCurvature(quantities, Math.min(1, Math.abs(cosine))),
    });
  }
  return { losses, looks };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
