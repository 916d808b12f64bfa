import { endToEnd, factorizationLoss, layerGradients, type LinearNetwork, lossAt, random } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { gaussianLayers, gaussianMatrix, logSpaced, rowsOf } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { powerLawThrough } from "../measures/index.ts";
import {
  endToEndMatrix,
  factorizationGradient,
  layerGradients as gradientsByFormula,
  lossVelocity,
} from "../predictions/index.ts";

const settings = z.object({
  depths: z.array(z.int().min(1).max(8)).min(1).max(5).default([2, 3, 5]).describe("layers n"),
  inputs: z.int().min(1).max(20).default(4).describe("d_0, inputs"),
  hidden: z.int().min(1).max(20).default(5).describe("neurons of every hidden layer"),
  outputs: z.int().min(1).max(20).default(3).describe("d_n, outputs"),
  std: z.number().min(0.01).max(2).default(0.5).describe("standard deviation of the weights"),
  difference: z
    .number()
    .min(1e-8)
    .max(0.1)
    .default(1e-5)
    .describe("h of the central differences that are judged"),
  seed: z.int().min(0).default(0).describe("seed of the weights and the target"),
});
type Settings = z.output<typeof settings>;

/** Of the differences that are drawn. */
const lengths = logSpaced(1e-7, 0.03, 18);

export default claim({
  code: "LN-02",
  id: "linear/layer-gradients",
  title: "The gradient of a layer is the outer gradient between two products",
  statement: String.raw`Let $G=\nabla\ell(W)$ at $W=W_n\cdots W_1$. The gradient in layer $j$ is
    $$G_j=(W_n\cdots W_{j+1})^\top\,G\,(W_{j-1}\cdots W_1)^\top,$$
    empty products being identities, and along gradient flow the loss changes at the rate $\dot\varphi=-\sum_j\|G_j\|_F^2$.`,
  source: "Arora, Cohen & Hazan, arXiv:1802.06509; Cohen & Razin, arXiv:2408.13767",
  status: "proved",
  seconds: 1,
  settings,
  full: { inputs: 12, hidden: 15, outputs: 10, std: 0.3 },

  predict: (chosen) =>
    problems(chosen).map(({ target, layers }) => {
      const weights = layers.map(rowsOf);
      const gradient = factorizationGradient(rowsOf(target))(endToEndMatrix(weights));
      return {
        gradients: gradientsByFormula(weights, gradient).map((g) => g.flat()),
        velocity: lossVelocity(weights, gradient),
      };
    }),

  async measure(chosen, { engine, signal, progress }) {
    const all = problems(chosen);
    const h = chosen.difference;
    const runs: {
      readonly gradients: number[][];
      /** Central differences, entry by entry. */
      readonly differences: number[][];
      /** dφ/dt by central differences: the one judged, and those drawn. */
      readonly velocity: number;
      readonly velocities: number[];
    }[] = [];
    for (const [k, { target, layers }] of all.entries()) {
      const loss = factorizationLoss(target);
      const at = async (network: LinearNetwork) => lossAt(loss, await endToEnd(engine, network));
      const { gradient } = await at(layers);
      const gradients = await layerGradients(engine, layers, gradient);
      const differences: number[][] = [];
      for (const [j, w] of layers.entries()) {
        signal.throwIfAborted();
        const own: number[] = [];
        for (let i = 0; i < w.data.length; i++) {
          const moved = (by: number) => layers.with(j, { ...w, data: w.data.with(i, w.data[i]! + by) });
          own.push(((await at(moved(h))).loss - (await at(moved(-h))).loss) / (2 * h));
        }
        differences.push(own);
      }
      // All layers at once along −G_j: the time derivative of the loss.
      const velocityAt = async (dt: number): Promise<number> => {
        const moved = (by: number) =>
          layers.map((w, j) => ({
            ...w,
            data: w.data.map((value, i) => value - by * gradients[j]!.data[i]!),
          }));
        return ((await at(moved(dt))).loss - (await at(moved(-dt))).loss) / (2 * dt);
      };
      const velocities: number[] = [];
      for (const dt of lengths) velocities.push(await velocityAt(dt));
      runs.push({
        gradients: gradients.map(({ data }) => Array.from(data)),
        differences,
        velocity: await velocityAt(h),
        velocities,
      });
      progress((k + 1) / all.length);
    }
    return runs;
  },

  judge: (predicted, measured, { depths, difference }) =>
    verdict(
      depths.flatMap((depth, k) => {
        const { gradients, velocity } = predicted[k]!;
        return [
          atMost(
            `relative error of the gradients, one backward sweep, n = ${depth}`,
            relativeDistance(measured[k]!.gradients, gradients),
            1e-13,
            0,
          ),
          atMost(
            `relative error of the gradients, central differences at h = ${difference}, n = ${depth}`,
            relativeDistance(measured[k]!.differences, gradients),
            1e-6,
            0,
          ),
          atMost(
            `relative error of the rate of descent, n = ${depth}`,
            Math.abs(measured[k]!.velocity / velocity - 1),
            1e-6,
            0,
          ),
        ];
      }),
    ),

  figures: (predicted, measured, { depths }) => {
    const errors = depths.map((_, k) =>
      lengths.map((x, i) => ({ x, y: Math.abs(measured[k]!.velocities[i]! / predicted[k]!.velocity - 1) })),
    );
    return [
      {
        name: "rate-of-descent",
        title: "Differences of the loss approach the formula",
        caption: String.raw`Central differences of the loss along gradient flow against $-\sum_j\|G_j\|_F^2$. Their distance falls like $\Delta t^2$, the
          error of central differences (lines: slope given, level fitted), until rounding takes over: a wrong formula would leave a
          plateau.`,
        spec: curves({
          x: { title: "step Δt of the differences", scale: "log" },
          y: { title: "relative error of dφ/dt", scale: "log" },
          series: depths.flatMap((depth, k) => [
            {
              label: `n = ${depth}`,
              role: "prediction" as const,
              points: powerLawThrough(
                errors[k]!.filter(({ x, y }) => x >= 1e-4 && x <= 1e-2 && y > 0),
                2,
              ),
            },
            { label: `n = ${depth}`, role: "measurement" as const, points: errors[k]! },
          ]),
        }),
      },
    ];
  },
});

function problems({ depths, inputs, hidden, outputs, std, seed }: Settings) {
  const generator = random(seed);
  return depths.map((depth) => ({
    target: gaussianMatrix(outputs, inputs, generator),
    layers: gaussianLayers([inputs, ...Array<number>(depth - 1).fill(hidden), outputs], generator, { std }),
  }));
}

/** ‖a − b‖ / ‖b‖ over all layers. */
function relativeDistance(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  const [x, y] = [a.flat(), b.flat()];
  return Math.hypot(...x.map((value, i) => value - y[i]!)) / Math.hypot(...y);
}
