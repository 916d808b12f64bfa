import {
  centered,
  denseNetwork,
  type Engine,
  jacobian,
  type Matrix,
  type Model,
  random,
  rowRange,
  tangentKernel,
  trainingSteps,
} from "lineament";
import { z } from "zod";
import { claim, verdict, within } from "../claim.ts";
import { randomSigns, spherePoints } from "../data/index.ts";
import { panels } from "../figures/index.ts";
import { column, geometricMean, logSlope, powerLawThrough, rootMeanSquare } from "../measures/index.ts";
import { outputScaleExponents } from "../predictions/index.ts";

/** Slopes are taken from this α on. */
const smallestLazy = 16;

const settings = z
  .object({
    width: z.int().min(2).max(1000).multipleOf(2).default(50).describe("neurons N, an even number"),
    dimension: z.int().min(2).max(100).default(8).describe("input dimension d"),
    samples: z.int().min(2).max(100).default(15).describe("training points n, labels ±1"),
    testPoints: z.int().min(1).max(1000).default(30).describe("points at which outputs are compared"),
    scales: z
      .array(z.number().min(0.1).max(1e5))
      .min(2)
      .max(8)
      .default([4, 16, 64, 256, 1024])
      .describe("output scales α; slopes are taken from α = 16 on"),
    zeroStart: z
      .boolean()
      .default(true)
      .describe("whether the network is 0 at its start (centered, and symmetrized), as the theorem wants"),
    rate: z
      .number()
      .min(0.01)
      .max(1)
      .default(0.2)
      .describe("step of gradient descent in units of n/(α² λ_max); the linearization is stable below 2"),
    steps: z.int().min(10).max(20_000).default(600).describe("steps of gradient descent"),
    redraws: z.int().min(1).max(50).default(3).describe("data sets with a network each"),
    seed: z.int().min(0).default(0).describe("seed of data and networks"),
  })
  .refine(({ scales }) => scales.filter((scale) => scale >= smallestLazy).length >= 2, {
    path: ["scales"],
    message: "at least two of them must be 16 or more, for a slope",
  });

/** Steps from one look at the models to the next. */
const stepsBetween = 5;

/** Largest values along training: rms of αf − αf_lin at new points, ‖θ − θ_0‖, ‖θ − θ_lin‖. */
interface Distances {
  readonly gap: number;
  readonly movement: number;
  readonly parameterGap: number;
}

const quantities = [
  { key: "gap", words: "|αf − αf_lin|" },
  { key: "movement", words: "‖θ − θ₀‖" },
  { key: "parameterGap", words: "‖θ − θ_lin‖" },
] as const satisfies readonly { key: keyof Distances; words: string }[];

type Start = "centered" | "symmetrized" | "as drawn";

export default claim({
  code: "LZ-15",
  id: "linearized/output-scale",
  title: "A large output scale makes any network lazy, a symmetrized one even lazier",
  statement: String.raw`Train $\alpha f_\theta$ with $f_{\theta_0}=0$ on $\frac1{2n}\|\alpha f-y\|^2$ in time $t/\alpha^2$, and beside it the linearized model with parameters
    $\tilde\theta$. For a fixed network, as $\alpha$ grows,
    $$\sup_t\|\theta_t-\theta_0\|=O(\alpha^{-1}),\quad\sup_t\|\theta_t-\tilde\theta_t\|=O(\alpha^{-2}),\quad
    \sup_t|\alpha f-\alpha f^{\mathrm{lin}}|=O(\alpha^{-1}).$$
    When $f_{\theta_0}=0$ is had by symmetrizing (every neuron has a partner with equal $w$ and opposite $a$) instead of subtracting
    $f_{\theta_0}$, partners move in mirrored ways, the quadratic term of $f$ cancels, and the last rate is $\alpha^{-2}$.`,
  source: "Chizat, Oyallon & Bach, arXiv:1812.07956; Lecture 11: Linearized Networks, §2",
  status: "checked",
  seconds: 4,
  settings,
  full: { redraws: 10, scales: [4, 16, 64, 256, 1024, 4096] },

  predict: ({ zeroStart }) =>
    startsOf(zeroStart).map((start) => ({
      start,
      exponents: outputScaleExponents(start === "symmetrized" ? "symmetrized" : "centered"),
    })),

  async measure(chosen, { engine, signal, progress }) {
    const { scales, redraws, seed, zeroStart } = chosen;
    const generator = random(seed);
    const starts = startsOf(zeroStart);
    const results = starts.map((start) => ({ start, scales: scales.map(() => [] as Distances[]) }));
    const experiments = redraws * starts.length * scales.length;
    let done = 0;
    for (let redraw = 0; redraw < redraws; redraw++) {
      const x = spherePoints(chosen.samples + chosen.testPoints, chosen.dimension, generator);
      const y = column(randomSigns(chosen.samples, generator));
      const networkSeed = generator.integer(2 ** 32);
      for (const result of results)
        for (const [at, alpha] of scales.entries()) {
          const network = denseNetwork(engine, {
            inputs: chosen.dimension,
            widths: [chosen.width],
            activation: "tanh",
            parameterization: { kind: "scaled", gamma: alpha },
            readout: "normal",
            symmetrized: result.start === "symmetrized",
          });
          const theta0 = network.initialize(networkSeed);
          const model = result.start === "centered" ? centered(network, theta0) : network;
          result.scales[at]!.push(await besideLinearization(engine, model, theta0, { x, y }, chosen, signal));
          progress(++done / experiments, `${result.start}, α = ${alpha}`);
        }
    }
    return results;
  },

  judge: (predicted, measured, { scales }) =>
    verdict(
      predicted.flatMap(({ start, exponents }, s) =>
        quantities.map(({ key, words }) => {
          const law = lawOf(scales, measured[s]!.scales, key).filter(({ x }) => x >= smallestLazy);
          const exponent = exponents[key];
          return within(
            `slope of ln sup ${words} against ln α, ${start}`,
            logSlope(law),
            exponent - 0.05,
            exponent + 0.05,
            exponent,
          );
        }),
      ),
    ),

  figures: (predicted, measured, { scales, redraws }) => [
    {
      name: "distances",
      title: "Distances from start and linearization against the output scale",
      caption: String.raw`Largest values in the course of training, geometric mean over ${redraws} networks. Lines have the predicted slopes,
        their heights are fitted from $\alpha=${smallestLazy}$ on. Left $f_{\theta_0}$ is subtracted, and the outputs
        approach those of the linearized model as $\alpha^{-1}$; right it is 0 by symmetry, and they do so as $\alpha^{-2}$.`,
      spec: panels({
        panels: predicted.map(({ start, exponents }, s) => ({
          title: start,
          x: { title: "output scale α", scale: "log" },
          y: { title: "largest value in training (labels ±1)", scale: "log" },
          series: quantities.flatMap(({ key, words: label }) => {
            const law = lawOf(scales, measured[s]!.scales, key);
            const lazy = law.filter(({ x }) => x >= smallestLazy);
            return [
              { label, role: "prediction" as const, points: powerLawThrough(lazy, exponents[key]) },
              { label, role: "measurement" as const, points: law },
            ];
          }),
        })),
      }),
    },
  ],

  contrast: {
    statement: String.raw`Without $f_{\theta_0}=0$ the start $\alpha f_{\theta_0}$ has to be unlearned, which takes a movement that does not shrink with $\alpha$.`,
    settings: { zeroStart: false },
  },
});

function startsOf(zeroStart: boolean): readonly Start[] {
  return zeroStart ? ["centered", "symmetrized"] : ["as drawn"];
}

/** One distance against α: its geometric mean over redraws. */
function lawOf(
  scales: readonly number[],
  distances: readonly (readonly Distances[])[],
  key: keyof Distances,
): { x: number; y: number }[] {
  return scales.map((x, at) => ({ x, y: geometricMean(distances[at]!.map((one) => one[key])) }));
}

/** Gradient descent of a model and of its linearization from θ_0, side by side. Points of x beyond the labels y are new ones. */
async function besideLinearization(
  engine: Engine,
  model: Model,
  theta0: Float64Array,
  { x, y }: { readonly x: Matrix<Float64Array>; readonly y: Matrix<Float64Array> },
  { rate, steps }: Pick<z.output<typeof settings>, "rate" | "steps">,
  signal: AbortSignal,
): Promise<Distances> {
  const [n, size] = [y.rows, theta0.length];
  const [train, test] = [rowRange(x, 0, n), rowRange(x, n, x.rows)];
  const { kernel } = await tangentKernel(model, theta0, train);
  const { values } = await engine.eigenSymmetric(kernel);
  const learningRate = (rate * n) / values.at(-1)!;
  const { data: j } = await jacobian(model, theta0, x);
  const f0 = (await model.value(theta0, x)).data.slice();
  const displacement = new Float64Array(size);
  const linear = (i: number): number => {
    let sum = f0[i]!;
    for (let p = 0; p < size; p++) sum += j[i * size + p]! * displacement[p]!;
    return sum;
  };
  const largest = { gap: 0, movement: 0, parameterGap: 0 };
  const options = { x: train, y, loss: "half-mean-squares", learningRate, steps, signal } as const;
  for await (const { step, outcome, parameters } of trainingSteps(model, theta0, options)) {
    if (outcome === "diverged")
      throw new RangeError(`output-scale: diverged at step ${step} with rate = ${rate}; give a smaller one`);
    if (step % stepsBetween === 0 || outcome === "finished") {
      const { data } = await model.value(parameters, test);
      let [moved, apart] = [0, 0];
      for (let p = 0; p < size; p++) {
        const change = parameters[p]! - theta0[p]!;
        moved += change ** 2;
        apart += (change - displacement[p]!) ** 2;
      }
      largest.gap = Math.max(largest.gap, rootMeanSquare(data.map((value, i) => value - linear(n + i))));
      largest.movement = Math.max(largest.movement, Math.sqrt(moved));
      largest.parameterGap = Math.max(largest.parameterGap, Math.sqrt(apart));
    }
    const slopes = y.data.map((label, i) => (learningRate / n) * (linear(i) - label));
    for (let i = 0; i < n; i++)
      for (let p = 0; p < size; p++) displacement[p]! -= slopes[i]! * j[i * size + p]!;
  }
  return largest;
}
