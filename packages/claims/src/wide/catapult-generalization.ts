import { catapult, gradientOuterProduct, type Matrix, type Model, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { gaussianVector, halfSpaceLabels, twoLayerStart } from "../data/index.ts";
import type { Series } from "../figure.ts";
import { curves } from "../figures/index.ts";
import { averaged, mean, reluModels } from "../measures/index.ts";
import { catapultFate } from "../predictions/index.ts";

const settings = z.object({
  samples: z.int().min(10).max(1000).default(60).describe("training points n"),
  dimension: z.int().min(2).max(100).default(20).describe("input dimension d"),
  width: z.int().min(50).max(5000).default(300).describe("neurons m"),
  multiples: z
    .array(z.number().min(0.1).max(3.6))
    .min(2)
    .max(6)
    .default([1, 2.5])
    .describe("learning rates k in units of 1/λ_0, the one to compare with first"),
  steps: z.int().min(100).max(10_000).default(800).describe("steps of gradient descent at most"),
  target: z.number().min(1e-6).max(0.1).default(3e-3).describe("loss at which training ends"),
  testPoints: z.int().min(200).max(100_000).default(4000).describe("points at which errors are counted"),
  draws: z.int().min(1).max(50).default(6).describe("data sets, each with its network"),
  seed: z.int().min(0).default(0).describe("seed of data and networks"),
});

const models = ["quadratic", "network"] as const;

const names = { quadratic: "quadratic model", network: "network" } as const;

/** One model after training. */
interface Learned {
  /** Part of the test points on the wrong side. */
  readonly error: number;
  /** Largest loss / first loss. */
  readonly peak: number;
}

export default claim({
  code: "WN-15",
  id: "wide/catapult-generalization",
  title: "Catapults help generalization, of networks and quadratic models alike",
  statement: String.raw`Labels $y=\mathrm{sgn}\,x_0$ of $x\sim N(0,I_d)$ are learned by two-layer ReLU networks and by their quadratic models up to the same
    loss. With a learning rate $\eta=k/\lambda_0$ that launches a catapult both make fewer errors on new points than with $k=1$, and the two
    models make nearly the same errors at each $k$. The parallel is not unlimited: near $k=4$ quadratic models generalize badly, and where the target
    has no single direction, as $\mathrm{sgn}(x_0x_1)$, there is no gain.`,
  source: "Zhu, Liu, Radhakrishnan & Belkin, arXiv:2205.11787; Zhu et al., arXiv:2306.04815 (features)",
  status: "checked",
  seconds: 10,
  settings,
  full: {
    samples: 100,
    width: 500,
    steps: 2000,
    target: 1e-3,
    draws: 10,
    multiples: [1, 2.5, 3],
  },

  predict: ({ multiples }) => ({ catapults: multiples.map((k) => catapultFate(k) === "catapults") }),

  async measure(chosen, { engine, signal, progress }) {
    const { samples, dimension: inputs, width, multiples, steps, target, testPoints, draws, seed } = chosen;
    const generator = random(seed);
    const learned: Record<(typeof models)[number], Learned>[][] = [];
    const alignments: number[][] = [];
    for (let draw = 0; draw < draws; draw++) {
      const { x, y } = halfSpaceLabels(samples, inputs, generator);
      const test = halfSpaceLabels(testPoints, inputs, generator);
      const { parameters } = twoLayerStart(width, inputs, generator, gaussianVector);
      const both = reluModels(engine, { inputs, width }, parameters);
      const ofDraw = [];
      const aligned = [];
      for (const [i, multiple] of multiples.entries()) {
        const learn = async (model: Model): Promise<Learned & { readonly theta: Float64Array }> => {
          const descent = { x, y, multiple, steps, target, signal };
          const { losses, parameters: theta } = await catapult(model, parameters, descent);
          const outputs = await model.value(theta, test.x);
          return { error: errorOf(outputs, test.y), peak: Math.max(...losses) / losses[0]!, theta };
        };
        const { theta: _, ...quadratic } = await learn(both.quadratic);
        const { theta, ...network } = await learn(both.network);
        ofDraw.push({ quadratic, network });
        const { data } = await gradientOuterProduct(both.network, theta, x);
        aligned.push(data[0]! / Math.hypot(...data));
        progress((draw + (i + 1) / multiples.length) / draws);
      }
      learned.push(ofDraw);
      alignments.push(aligned);
    }
    return { learned, alignments };
  },

  judge({ catapults }, { learned }, { multiples }) {
    const draws = learned.length;
    return verdict([
      ...multiples.flatMap((k, i) =>
        i === 0 || !catapults[i]
          ? []
          : models.map((name) =>
              atLeast(
                `draws of ${draws} in which the ${names[name]} errs less at k = ${k} than at k = ${multiples[0]}`,
                learned.filter((ofDraw) => ofDraw[i]![name].error < ofDraw[0]![name].error).length,
                Math.ceil((5 / 6) * draws),
              ),
            ),
      ),
      ...multiples.map((k, i) => {
        const [quadratic, network] = models.map((name) =>
          mean(learned.map((ofDraw) => ofDraw[i]![name].error)),
        );
        return atMost(
          `difference of the mean errors of both models, k = ${k}`,
          Math.abs(quadratic! - network!),
          0.015,
          0,
        );
      }),
    ]);
  },

  figures(_, { learned, alignments }, { multiples, samples, dimension }) {
    const errors = learned.flatMap((ofDraw) =>
      ofDraw.flatMap((one) => models.map((name) => one[name].error)),
    );
    return [
      {
        name: "errors",
        title: "Test errors with and without a catapult",
        caption: String.raw`A mark for each draw, that is for one data set and one start of both models; below the dashed line the larger learning rate errs less.
          $n=${samples}$, $d=${dimension}$.`,
        spec: curves({
          x: { title: `test error at k = ${multiples[0]}` },
          y: { title: "test error at larger k" },
          series: [
            ...models.flatMap((name) =>
              multiples.slice(1).map((k, i): Series => ({
                label: `${names[name]}, k = ${k}`,
                role: "measurement",
                points: learned.map((ofDraw) => ({
                  x: ofDraw[0]![name].error,
                  y: ofDraw[i + 1]![name].error,
                })),
              })),
            ),
            {
              label: "equal errors",
              role: "bound",
              points: [Math.min(...errors), Math.max(...errors)].map((error) => ({ x: error, y: error })),
            },
          ],
        }),
      },
      {
        name: "features",
        title: "Catapults turn the network's gradients to the direction that counts",
        caption: String.raw`Cosine of the average gradient outer product of the trained network at the training points with that of the target,
          $e_0e_0^\top$; mean with standard error. Shown, not judged.`,
        spec: curves({
          x: { title: "k = ηλ₀" },
          y: { title: "cosine of AGOP and e₀e₀ᵀ" },
          series: [
            {
              label: "network",
              role: "measurement",
              points: multiples.map((k, i) =>
                averaged(
                  k,
                  alignments.map((ofDraw) => ofDraw[i]!),
                ),
              ),
            } satisfies Series,
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Near the border the two part: at $k=3.4$ quadratic models make many more errors than networks.`,
    settings: { multiples: [1, 3.4] },
  },
});

function errorOf(outputs: Matrix, labels: Matrix): number {
  let wrong = 0;
  for (let i = 0; i < labels.data.length; i++) if (!(outputs.data[i]! * labels.data[i]! > 0)) wrong++;
  return wrong / labels.data.length;
}
