import { factorizationLoss, factorSteps, imbalances, layerGradients, random } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import { gaussianLayers, gaussianMatrix, rowsOf } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { largestDistance, logSlope } from "../measures/index.ts";
import {
  endToEndMatrix,
  factorizationGradient,
  imbalance,
  imbalanceDriftBound,
  integrate,
  layerGradients as gradientsByFormula,
} from "../predictions/index.ts";

const settings = z.object({
  depth: z.int().min(2).max(8).default(3).describe("layers n"),
  width: z.int().min(1).max(30).default(5).describe("neurons of every layer, inputs and outputs"),
  std: z.number().min(0.01).max(1).default(0.4).describe("standard deviation of the entries at the start"),
  duration: z.number().min(0.1).max(20).default(4).describe("last time T = ηk"),
  steps: z
    .array(z.number().min(1e-4).max(0.05))
    .min(2)
    .max(8)
    .default([0.02, 0.01, 0.005, 0.0025, 0.00125])
    .describe("step sizes η, descending"),
  momentum: z.number().min(0).max(0.95).default(0).describe("μ of heavy ball; 0 is gradient descent"),
  seed: z.int().min(0).default(0).describe("seed of the target and of the start"),
});
type Settings = z.output<typeof settings>;

export default claim({
  code: "LN-04",
  id: "linear/imbalance-drift",
  title: "Gradient descent drifts from balance by an exact second-order step",
  statement: String.raw`One step of gradient descent changes $D_j=W_{j+1}^\top W_{j+1}-W_jW_j^\top$ by exactly
    $$D_j^+-D_j=\eta^2\,(G_{j+1}^\top G_{j+1}-G_jG_j^\top);$$
    terms of first order cancel. Over the time $T=k\eta$ the drift is linear in $\eta$, with a constant that the flow determines:
    $\|D_j(T)-D_j(0)\|_F\le\eta\,(\varphi(0)-\varphi(T))\,(1+O(\eta))$.`,
  source: "Arora, Cohen, Golowich & Hu, arXiv:1810.02281; the exact step is an addition",
  status: "proved",
  seconds: 4,
  settings,
  full: { width: 12, std: 0.25, steps: [0.02, 0.01, 0.005, 0.0025, 0.00125, 0.000625] },

  predict(chosen) {
    const constant = driftConstant(chosen);
    return { constant, drifts: chosen.steps.map((step) => step * constant) };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { duration, steps: sizes, momentum } = chosen;
    const { target, start } = problem(chosen);
    const loss = factorizationLoss(target);
    const before = await imbalances(engine, start);
    let done = 0;
    const work = sizes.reduce((sum, step) => sum + 1 / step, 0);
    const runs: { identityError: number; drift: number; losses: readonly [number, number] }[] = [];
    for (const step of sizes) {
      const steps = Math.round(duration / step);
      const losses: number[] = [];
      let expected = before;
      let identityError = 0;
      let now = before;
      for await (const { loss: value, parameters, gradient } of factorSteps(engine, start, loss, {
        learningRate: step,
        momentum,
        steps,
        signal,
      })) {
        losses.push(value);
        now = await imbalances(engine, parameters);
        identityError = Math.max(identityError, largestDistance(now, expected));
        // G_{j+1}ᵀ G_{j+1} − G_j G_jᵀ: the imbalance of the gradients.
        const change = await imbalances(engine, await layerGradients(engine, parameters, gradient));
        expected = now.map((d, j) => ({
          ...d,
          data: d.data.map((entry, i) => entry + step ** 2 * change[j]!.data[i]!),
        }));
      }
      runs.push({ identityError, drift: largestDistance(now, before), losses: [losses[0]!, losses.at(-1)!] });
      progress((done += 1 / step) / work, `η = ${step}`);
    }
    return { runs };
  },

  judge({ drifts }, { runs }, { steps }) {
    return verdict([
      atMost(
        "largest error of the exact step, any entry and step",
        Math.max(...runs.map(({ identityError }) => identityError)),
        1e-12,
        0,
      ),
      ...runs.slice(1).map(({ drift }, i) =>
        within(
          `slope of ln(drift) against ln η, from ${steps[i]} to ${steps[i + 1]}`,
          logSlope([
            { x: steps[i]!, y: runs[i]!.drift },
            { x: steps[i + 1]!, y: drift },
          ]),
          0.97,
          1.03,
          1,
        ),
      ),
      ...runs.map(({ drift, losses }, i) =>
        atMost(
          `drift / (η (φ(0) − φ(T))), η = ${steps[i]}`,
          drift / imbalanceDriftBound(steps[i]!, ...losses),
          1.1,
          drifts[i]! / imbalanceDriftBound(steps[i]!, ...losses),
        ),
      ),
    ]);
  },

  figures: ({ drifts }, { runs }, { steps, duration }) => [
    {
      name: "drift",
      title: "Half the step, half the drift",
      caption: String.raw`Largest $\|D_j(T)-D_j(0)\|_F$ of gradient descent up to $T=${duration}$, under its bound. The line is
        $\eta\,\|\int_0^TG_{j+1}^\top G_{j+1}-G_jG_j^\top\,dt\|_F$ along the flow: nothing is fitted.`,
      spec: curves({
        x: { title: "step size η", scale: "log" },
        y: { title: "max_j ‖D_j(T) − D_j(0)‖_F", scale: "log" },
        series: [
          {
            label: "first order in η",
            role: "prediction",
            points: steps.map((x, i) => ({ x, y: drifts[i]! })),
          },
          {
            label: "η (φ(0) − φ(T))",
            role: "bound",
            points: steps.map((x, i) => ({ x, y: imbalanceDriftBound(x, ...runs[i]!.losses) })),
          },
          {
            label: "gradient descent",
            role: "measurement",
            points: steps.map((x, i) => ({ x, y: runs[i]!.drift })),
          },
        ],
      }),
    },
  ],

  contrast: {
    statement: String.raw`With momentum updates are not $-\eta G_j$, and the identity fails.`,
    settings: { momentum: 0.9, steps: [0.01, 0.005] },
  },
});

function problem({ depth, width, std, seed }: Settings) {
  const generator = random(seed);
  return {
    target: gaussianMatrix(width, width, generator),
    start: gaussianLayers(Array<number>(depth + 1).fill(width), generator, { std }),
  };
}

/** max_j ‖∫_0^T G_{j+1}ᵀ G_{j+1} − G_j G_jᵀ dt‖_F along gradient flow: drift per unit of η, as η → 0. */
function driftConstant(chosen: Settings): number {
  const { width, depth, duration } = chosen;
  const { target, start } = problem(chosen);
  const gradientOf = factorizationGradient(rowsOf(target));
  const square = width ** 2;
  const matrices = (state: readonly number[]): number[][][] =>
    Array.from({ length: state.length / square }, (_, j) =>
      Array.from({ length: width }, (_, i) =>
        state.slice(j * square + i * width, j * square + (i + 1) * width),
      ),
    );
  // The weights, and after them the integrals.
  const velocity = (state: readonly number[]): number[] => {
    const weights = matrices(state.slice(0, depth * square));
    const gradients = gradientsByFormula(weights, gradientOf(endToEndMatrix(weights)));
    return [...gradients.flat(2).map((value) => -value), ...imbalance(gradients).flat(2)];
  };
  const zero = Array<number>((depth - 1) * square).fill(0);
  const from = [...start.flatMap(({ data }) => Array.from(data)), ...zero];
  const [end] = integrate(velocity, from, [duration], { tolerance: 1e-8 });
  return Math.max(...matrices(end!.slice(depth * square)).map((integral) => Math.hypot(...integral.flat())));
}
