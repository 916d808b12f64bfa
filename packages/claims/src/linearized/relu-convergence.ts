import { denseNetwork, type Matrix, random, trainingSteps } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { randomSigns, rowsOf, spherePoints } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { logExcess, logSlope, mean, powerLawThrough, standardDeviation } from "../measures/index.ts";
import {
  descentFilter,
  kernelModes,
  reluConvergenceBounds,
  reluTangentGram,
  trainingLoss,
} from "../predictions/index.ts";

const settings = z.object({
  samples: z.int().min(2).max(200).default(30).describe("training points n"),
  dimension: z.int().min(2).max(200).default(20).describe("input dimension d"),
  parallel: z
    .boolean()
    .default(false)
    .describe("whether the second input equals the first, with the other label: then λ₀ = 0"),
  widths: z
    .array(z.int().min(10).max(20_000))
    .min(2)
    .max(6)
    .default([200, 450, 1000])
    .describe("neurons m, different numbers"),
  redraws: z.int().min(1).max(50).default(5).describe("random networks at each width"),
  learningRate: z
    .number()
    .min(0.01)
    .max(4)
    .default(0.5)
    .describe("step η of gradient descent on ½‖u − y‖²; refused where it is not stable, from 2/λ_max(H∞) on"),
  steps: z.int().min(20).max(10_000).default(800).describe("steps of gradient descent"),
  seed: z.int().min(0).default(0).describe("seed of points, labels and networks"),
});

type Settings = z.output<typeof settings>;

/** The least loss, as part of the first, that is drawn: rounding is not far below. */
const shownLoss = 1e-14;

export default claim({
  code: "LZ-20",
  id: "linearized/relu-convergence",
  title: "A wide ReLU layer fits any labels, at a rate that its inputs fix",
  statement: String.raw`Train the first layer of $f=\frac1{\sqrt m}\sum_ra_r\,\mathrm{ReLU}(\langle w_r,x\rangle)$, $w_r\sim\mathcal N(0,I)$, $a_r=\pm1$, on $n$ inputs of
    norm 1, no two parallel. Then $H^\infty_{ij}=\langle x_i,x_j\rangle\frac{\pi-\arccos\langle x_i,x_j\rangle}{2\pi}$ has
    $\lambda_0=\lambda_{\min}(H^\infty)>0$, and for large $m$ and small $\eta$ gradient descent on $\frac12\|u-y\|^2$ has
    $$\|u_k-y\|^2\le\big(1-\tfrac{\eta\lambda_0}2\big)^k\|u_0-y\|^2,\qquad\|w_r(k)-w_r(0)\|\le\frac{4\sqrt n\,\|y-u_0\|}{\sqrt m\,\lambda_0}.$$
    Widths far below the theorem's $m=\Omega(n^6/\lambda_0^4)$ are enough.`,
  source: "Du, Zhai, Póczos & Singh, arXiv:1810.02054",
  status: "reported",
  seconds: 4,
  settings,
  full: { widths: [200, 450, 1000, 4000] },

  predict(chosen) {
    const modes = kernelModes(reluTangentGram(rowsOf(problem(chosen).x)));
    const stable = 2 / modes.values.at(-1)!;
    if (chosen.learningRate >= stable)
      throw new RangeError(
        `LZ-20: learningRate = ${chosen.learningRate}: on these inputs gradient descent is stable only below 2/λ_max(H∞) = ${stable.toPrecision(3)}; give less`,
      );
    // Equal inputs leave a rounding error of either sign.
    return { modes, lambda0: Math.max(0, modes.values[0]!), exponent: -1 / 2 };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { samples, dimension: d, widths, redraws, learningRate, steps, seed } = chosen;
    const { x, labels } = problem(chosen);
    const y = { data: labels, rows: samples, cols: 1 };
    const generator = random(seed + 1);
    const work = redraws * widths.reduce((sum, width) => sum + width, 0);
    let done = 0;
    const runs: Run[][] = [];
    for (const width of widths) {
      const network = denseNetwork(engine, {
        inputs: d,
        widths: [width],
        activation: "relu",
        // weightStd √d: weights of variance 1.
        parameterization: { kind: "scaled", gamma: 1 / Math.sqrt(width), weightStd: Math.sqrt(d) },
        weightRates: [1, 0],
      });
      const row: Run[] = [];
      for (let redraw = 0; redraw < redraws; redraw++) {
        const start = network.initialize(generator.integer(2 ** 32));
        const squares: number[] = [];
        let residual: number[] = [];
        let movement = 0;
        const options = { x, y, learningRate, steps, signal };
        for await (const { step, loss, outputs, parameters } of trainingSteps(network, start, options)) {
          squares.push(2 * loss);
          if (step === 0) residual = Array.from(labels, (label, i) => label - outputs.data[i]!);
          movement = Math.max(movement, largestRowDistance(parameters, start, width, d));
        }
        row.push({ squares, residual, movement });
        progress((done += width) / work, `m = ${width}`);
      }
      runs.push(row);
    }
    return runs;
  },

  judge({ lambda0, exponent }, measured, chosen) {
    const { widths } = chosen;
    return verdict([
      atLeast("λ₀, the least eigenvalue of H∞", lambda0, 1e-10),
      ...widths.flatMap((width, at) => {
        const runs = measured[at]!;
        const all = runs.map((run) => boundsOf(run, width, lambda0, chosen));
        return [
          atMost(
            `largest ln(‖u_k − y‖² / bound), m = ${width}`,
            Math.max(...runs.map(({ squares }, i) => logExcess(squares, all[i]!.squaredResidual))),
            1e-9,
          ),
          atMost(
            `largest ‖w_r(k) − w_r(0)‖ / bound, m = ${width}`,
            Math.max(...runs.map(({ movement }, i) => movement / all[i]!.movement)),
            1,
          ),
        ];
      }),
      within(
        `slope of ln(largest movement of a neuron) against ln m, m = ${widths[0]!} … ${widths.at(-1)!}`,
        logSlope(movements(widths, measured)),
        -0.75,
        -0.4,
        exponent,
      ),
    ]);
  },

  figures({ modes, lambda0, exponent }, measured, chosen) {
    const { widths, learningRate, steps, redraws } = chosen;
    const widest = widths.indexOf(Math.max(...widths));
    const first = measured[widest]![0]!;
    const initial = first.squares[0]!;
    const bound = boundsOf(first, widths[widest]!, lambda0, chosen).squaredResidual;
    const end = Math.min(
      steps,
      Math.ceil((1.1 * Math.log(shownLoss)) / (2 * Math.log1p(-learningRate * lambda0))),
    );
    const counts = Array.from({ length: 81 }, (_, i) => Math.round((i * end) / 80));
    return [
      {
        name: "loss",
        title: "The loss stays far under its bound",
        caption: String.raw`One network at each width, and the bound $(1-\eta\lambda_0/2)^k$ with $\lambda_0=${lambda0.toPrecision(3)}$. Line: the linearized dynamics with the
          limit kernel $H^\infty$ from the start of the widest network, nothing fitted. The wider the network, the closer to it; the rate in
          the end is $2\eta\lambda_0$, four times the bound's.`,
        spec: curves({
          x: { title: "steps k of gradient descent" },
          y: { title: "‖u_k − y‖² / ‖u₀ − y‖²", scale: "log", domain: [shownLoss, 2] },
          series: [
            {
              label: "limit kernel",
              role: "prediction",
              points: counts.map((x) => ({
                x,
                y: (2 * trainingLoss(modes, first.residual, descentFilter(learningRate, x))) / initial,
              })),
            },
            ...widths.map((width, at) => ({
              label: `m = ${width}`,
              role: "measurement" as const,
              points: counts
                .filter((_, i) => i % 2 === 0)
                .map((x) => {
                  const { squares } = measured[at]![0]!;
                  return { x, y: squares[x]! / squares[0]! };
                }),
            })),
            {
              label: "(1 − ηλ₀/2)^k",
              role: "bound",
              points: counts.map((x) => ({ x, y: bound(x) / initial })),
            },
          ],
        }),
      },
      {
        name: "movement",
        title: "The wider the layer, the less any neuron moves",
        caption: String.raw`Largest distance that a neuron is from its start at any step: means of ${redraws} networks with their standard deviations. The line has the predicted
          slope $-\frac12$, its height is fitted; the bound has no fitted constant.`,
        spec: curves({
          x: { title: "neurons m", scale: "log" },
          y: { title: "largest ‖w_r(k) − w_r(0)‖", scale: "log" },
          series: [
            {
              label: "slope −1/2",
              role: "prediction",
              points: powerLawThrough(movements(widths, measured), exponent),
            },
            {
              label: `${redraws} networks`,
              role: "measurement",
              points: movements(widths, measured).map((point, at) => ({
                ...point,
                error: standardDeviation(measured[at]!.map(({ movement }) => movement)),
              })),
            },
            {
              label: "4√n ‖y − u₀‖ / (√m λ₀)",
              role: "bound",
              points: widths.map((x, at) => ({
                x,
                y: mean(measured[at]!.map((run) => boundsOf(run, x, lambda0, chosen).movement)),
              })),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Two equal inputs with different labels make $\lambda_0=0$: nothing can fit both, and the bounds say nothing.`,
    settings: { parallel: true, widths: [200, 400], redraws: 1 },
  },
});

/** One network. */
interface Run {
  /** ‖u_k − y‖², k = 0, 1, …. */
  readonly squares: readonly number[];
  /** y − u_0. */
  readonly residual: readonly number[];
  /** max over neurons and steps of ‖w_r(k) − w_r(0)‖. */
  readonly movement: number;
}

function boundsOf({ squares }: Run, width: number, lambda0: number, { learningRate, samples }: Settings) {
  return reluConvergenceBounds({
    lambda0,
    step: learningRate,
    n: samples,
    width,
    startResidual: Math.sqrt(squares[0]!),
  });
}

/** Means over networks. */
function movements(
  widths: readonly number[],
  measured: readonly (readonly Run[])[],
): { readonly x: number; readonly y: number }[] {
  return widths.map((x, at) => ({ x, y: mean(measured[at]!.map(({ movement }) => movement)) }));
}

/** Points of the unit sphere with random signs. */
function problem({ samples, dimension: d, parallel, seed }: Settings): {
  readonly x: Matrix<Float64Array>;
  readonly labels: Float64Array;
} {
  const generator = random(seed);
  const x = spherePoints(samples, d, generator, { radius: 1 });
  const labels = randomSigns(samples, generator);
  if (parallel) {
    x.data.copyWithin(d, 0, d);
    labels[1] = -labels[0]!;
  }
  return { x, labels };
}

/** max_r ‖a_r − b_r‖ over the first rows of d numbers of two vectors. */
function largestRowDistance(a: Float64Array, b: Float64Array, rows: number, d: number): number {
  let largest = 0;
  for (let r = 0, at = 0; r < rows; r++) {
    let square = 0;
    for (let j = 0; j < d; j++, at++) square += (a[at]! - b[at]!) ** 2;
    largest = Math.max(largest, square);
  }
  return Math.sqrt(largest);
}
