import { catapult, type Matrix, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { gaussianVector, halfSpaceLabels, rowsOf, type TwoLayerStart, twoLayerStart } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { reluModels } from "../measures/index.ts";
import {
  catapultFate,
  descentFilter,
  kernelModes,
  nonlinearities,
  trainingLoss,
  twoLayerTangentKernel,
} from "../predictions/index.ts";

const settings = z.object({
  samples: z.int().min(2).max(200).default(32).describe("training points n"),
  dimension: z.int().min(2).max(50).default(8).describe("input dimension d"),
  width: z.int().min(10).max(5000).default(400).describe("neurons m of the network that is linearized"),
  model: z
    .enum(["linear", "quadratic"])
    .default("linear")
    .describe("Taylor polynomial of the network that is trained: of degree 1 or 2"),
  multiples: z
    .array(
      z
        .number()
        .min(1)
        .max(4)
        .refine((k) => Math.abs(k - 2) >= 0.05, { message: "at 2 ± 0.05 nothing is decided in these steps" }),
    )
    .min(2)
    .max(6)
    .default([1.2, 1.8, 2.2, 2.6])
    .describe("learning rates k in units of 1/λ_0"),
  steps: z.int().min(300).max(5000).default(400).describe("steps of gradient descent"),
  draws: z.int().min(1).max(20).default(4).describe("data sets, each with its network"),
  seed: z.int().min(0).default(0).describe("seed of data and networks"),
});

type Chosen = z.output<typeof settings>;

/** A descent has converged when this part of the first loss is left. */
const converged = 0.05;

export default claim({
  code: "WN-11",
  id: "wide/linear-critical-rate",
  title: "A linear model diverges at learning rates above 2/λ",
  statement: String.raw`Gradient descent of the linearized network on $\frac1{2n}\sum(f-y)^2$ takes the part of the residual in the $i$-th eigenvector of
    the tangent kernel by $1-\eta\lambda_i$ in each step, $\lambda_i$ the eigenvalues of $K/n$:
    $$L_t=\frac1{2n}\sum_i(1-\eta\lambda_i)^{2t}\langle u_i,f_0-y\rangle^2.$$
    It converges if $k=\eta\lambda_{\max}<2$ and diverges above. There is no catapult.`,
  source: "Zhu, Liu, Radhakrishnan & Belkin, arXiv:2205.11787; Lewkowycz et al., arXiv:2003.02218",
  status: "proved",
  seconds: 3,
  settings,
  full: { width: 1000, draws: 10 },

  predict: (chosen) =>
    examples(chosen).map(({ x, y, start }) => {
      const network = { weights: rowsOf(start.weights), readout: Array.from(start.readout) };
      const { outputs, kernel } = twoLayerTangentKernel(network, rowsOf(x), nonlinearities.relu);
      const n = chosen.samples;
      const modes = kernelModes(kernel.map((row) => row.map((entry) => entry / n)));
      const residual = outputs.map((f, i) => (y.data[i]! - f) / Math.sqrt(n));
      const largest = modes.values.at(-1)!;
      return chosen.multiples.map((k) =>
        Array.from({ length: chosen.steps + 1 }, (_, t) =>
          trainingLoss(modes, residual, descentFilter(k / largest, t)),
        ),
      );
    }),

  async measure(chosen, { engine, signal, progress }) {
    const { dimension: inputs, width, model, multiples, steps } = chosen;
    const all = examples(chosen);
    const descents: { losses: readonly number[]; outcome: string }[][] = [];
    for (const [draw, { x, y, start }] of all.entries()) {
      const models = reluModels(engine, { inputs, width }, start.parameters);
      const ofDraw = [];
      for (const multiple of multiples) {
        const descent = { x, y, multiple, steps, signal };
        const { losses, outcome } = await catapult(models[model], start.parameters, descent);
        ofDraw.push({ losses, outcome });
      }
      descents.push(ofDraw);
      progress((draw + 1) / all.length);
    }
    return descents;
  },

  judge(predicted, measured, { multiples }) {
    const draws = measured.length;
    const differences = measured.flatMap((ofDraw, draw) =>
      ofDraw.map(({ losses }, i) =>
        Math.max(...losses.map((loss, t) => Math.abs(Math.log(loss / predicted[draw]![i]![t]!)))),
      ),
    );
    return verdict([
      ...multiples.map((k, i) => {
        const descends = catapultFate(k) === "descends";
        const descents = measured.map((ofDraw) => ofDraw[i]!);
        const count = descents.filter(({ losses, outcome }) =>
          descends ? losses.at(-1)! <= converged * losses[0]! : outcome === "diverged",
        ).length;
        const fate = descends ? "converge" : "diverge";
        return atLeast(`draws of ${draws} that ${fate} at k = ${k}`, count, draws, draws);
      }),
      atMost("largest |ln(loss / predicted loss)|", Math.max(...differences), 1e-6, 0),
    ]);
  },

  figures(predicted, measured, { model, multiples, steps }) {
    const shown = Math.min(steps, 100);
    const [ofTheory, ofDraw] = [predicted[0]!, measured[0]!];
    const part = (losses: readonly number[], every: number): { x: number; y: number }[] =>
      losses
        .slice(0, shown + 1)
        .flatMap((loss, t) => (t % every === 0 ? [{ x: t, y: loss / losses[0]! }] : []));
    return [
      {
        name: "losses",
        title: "Loss of a linear model on both sides of 2/λ",
        caption: String.raw`Gradient descent of the ${model} model at learning rates $k/\lambda_0$, first draw. Lines: the sum over eigenvalues of the
          tangent kernel. Below $k=2$ all modes shrink, the slow ones by little a step; above it the one of the largest eigenvalue grows by
          $(k-1)^2$ a step, for ever.`,
        spec: curves({
          x: { title: "step t" },
          y: { title: "loss / loss at the start", scale: "log", domain: [1e-4, 1e6] },
          series: multiples.flatMap((k, i) => [
            { label: `k = ${k}`, role: "prediction" as const, points: part(ofTheory[i]!, 1) },
            { label: `k = ${k}`, role: "measurement" as const, points: part(ofDraw[i]!.losses, 4) },
          ]),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`The quadratic model of the same network does not diverge at $k=2.2$: it is catapulted to where $\lambda$ is smaller.`,
    settings: { model: "quadratic", draws: 1 },
  },
});

interface Example {
  readonly x: Matrix<Float64Array>;
  readonly y: Matrix<Float64Array>;
  readonly start: TwoLayerStart;
}

function examples({ samples, dimension, width, draws, seed }: Chosen): readonly Example[] {
  const generator = random(seed);
  return Array.from({ length: draws }, () => ({
    ...halfSpaceLabels(samples, dimension, generator),
    start: twoLayerStart(width, dimension, generator, gaussianVector),
  }));
}
