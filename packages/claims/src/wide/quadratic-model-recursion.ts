import { type Matrix, type Model, random, tangentKernel, trainingSteps } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { gaussianMatrix, gaussianVector, rowsOf, type TwoLayerStart, twoLayerStart } from "../data/index.ts";
import { panels } from "../figures/index.ts";
import { column, reluModels } from "../measures/index.ts";
import {
  catapultMap,
  nonlinearities,
  quadraticModelPath,
  twoLayerTangentKernel,
} from "../predictions/index.ts";

const settings = z.object({
  dimension: z.int().min(1).max(100).default(5).describe("input dimension d"),
  width: z.int().min(20).max(10_000).default(200).describe("neurons m"),
  target: z
    .number()
    .min(-3)
    .max(3)
    .default(0.5)
    .describe("target y of the first descents; the others have 0"),
  gates: z
    .enum(["frozen", "free"])
    .default("frozen")
    .describe("frozen: the quadratic model; free: the network itself, whose neurons switch on and off"),
  multiples: z
    .array(z.number().min(0.1).max(2.9))
    .min(1)
    .max(5)
    .default([1, 1.9, 2.5])
    .describe("learning rates k in units of 1/λ_0; near 3 and above the recursion is chaotic"),
  steps: z.int().min(10).max(1000).default(100).describe("steps of gradient descent"),
  seed: z.int().min(0).default(0).describe("seed of example and network"),
});

type Chosen = z.output<typeof settings>;

export default claim({
  code: "WN-12",
  id: "wide/quadratic-model-recursion",
  title: "One example under a quadratic model is a recursion of two numbers",
  statement: String.raw`The second-order Taylor polynomial of the two-layer ReLU network in its weights is the network with its gates frozen,
    $g=\frac1{\sqrt m}\sum_{i:\,a_i(0)>0}v_ia_i$. Gradient descent on $\frac12e^2$, $e=g-y$, with one example closes in $g$ and its tangent
    kernel $\lambda=\frac1m\sum_{\rm active}(a_i^2+c\,v_i^2)$, $c=\|x\|^2/d$:
    $$g'=y+e\Big(1-\eta\lambda+\eta^2\tfrac cm\,e\,g\Big),\qquad\lambda'=\lambda-4\eta\tfrac cm\,e\,g+\eta^2\tfrac cm\,e^2\lambda.$$
    For $y=0$, $z=\eta^2\frac cmg^2$ and $\kappa=\eta\lambda$ follow one map for all networks, $z'=z(1-\kappa+z)^2$,
    $\kappa'=\kappa+z(\kappa-4)$: the width enters by $z_0\sim1/m$ only.`,
  source: "Zhu, Liu, Radhakrishnan & Belkin, arXiv:2205.11787",
  status: "proved",
  seconds: 1,
  settings,
  full: { width: 2000, dimension: 20 },

  predict(chosen) {
    const { width, target, multiples, steps } = chosen;
    const { x, start } = example(chosen);
    const network = { weights: rowsOf(start.weights), readout: Array.from(start.readout) };
    const { outputs, kernel } = twoLayerTangentKernel(network, rowsOf(x), nonlinearities.relu);
    const [g, lambda] = [outputs[0]!, kernel[0]![0]!];
    const c = x.data.reduce((sum, value) => sum + value ** 2, 0) / x.cols;
    return {
      descents: multiples.map((k) =>
        quadraticModelPath({ g, lambda }, { y: target, eta: k / lambda, c, width }, steps),
      ),
      /** η² c/m of each k, and the map of z and κ. */
      units: multiples.map((k) => ((k / lambda) ** 2 * c) / width),
      universal: multiples.map((k) =>
        catapultMap({ z: ((k * g) / lambda) ** 2 * (c / width), kappa: k }, steps),
      ),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { dimension: inputs, width, target, gates, multiples, steps } = chosen;
    const { x, start } = example(chosen);
    const { quadratic, network } = reluModels(engine, { inputs, width }, start.parameters);
    const model = gates === "frozen" ? quadratic : network;
    const { kernel } = await tangentKernel(model, start.parameters, x);
    const rates = multiples.map((k) => k / kernel.data[0]!);
    const paths = async (y: number, from: number): Promise<State[][]> => {
      const all = [];
      for (const [i, learningRate] of rates.entries()) {
        all.push(await descent(model, start, { x, y, learningRate, steps, signal }));
        progress(from + (i + 1) / (2 * rates.length));
      }
      return all;
    };
    return { rates, descents: await paths(target, 0), towardsZero: await paths(0, 0.5) };
  },

  judge(predicted, { rates, descents, towardsZero }, { multiples }) {
    return verdict(
      multiples.flatMap((k, i) => {
        const [expected, map] = [predicted.descents[i]!, predicted.universal[i]!];
        const own = descents[i]!;
        const outputs = own.map(({ g }, t) => Math.abs(g / expected[t]!.g - 1));
        const kernels = own.map(({ lambda }, t) => Math.abs(lambda / expected[t]!.lambda - 1));
        // z falls to 0, where the sum over neurons that makes g has no digits left.
        const largest = Math.max(...map.map((state) => state.z));
        const ofMap = towardsZero[i]!.flatMap(({ g, lambda }, t) => [
          Math.abs(predicted.units[i]! * g ** 2 - map[t]!.z) / largest,
          Math.abs((rates[i]! * lambda) / map[t]!.kappa - 1),
        ]);
        return [
          atMost(`largest relative difference of g, k = ${k}`, Math.max(...outputs), 1e-9, 0),
          atMost(`largest relative difference of λ, k = ${k}`, Math.max(...kernels), 1e-9, 0),
          atMost(`largest difference from the map of z/z_max and κ, y = 0, k = ${k}`, Math.max(...ofMap), 1e-9, 0), // prettier-ignore
        ];
      }),
    );
  },

  figures(predicted, { rates, descents }, { gates, multiples, steps, target }) {
    const shown = Math.min(steps, 30);
    const along = (values: readonly number[]): { x: number; y: number }[] =>
      values.slice(0, shown + 1).map((y, x) => ({ x, y }));
    const both = (of: (state: State, i: number) => number) =>
      multiples.flatMap((k, i) => [
        {
          label: `k = ${k}`,
          role: "prediction" as const,
          points: along(predicted.descents[i]!.map((state) => of(state, i))),
        },
        {
          label: `k = ${k}`,
          role: "measurement" as const,
          points: along(descents[i]!.map((state) => of(state, i))),
        },
      ]);
    const x = { title: "step" };
    return [
      {
        name: "recursion",
        title: "The recursion on top of gradient descent",
        caption: String.raw`Marks: gradient descent in all weights of the network with ${gates} gates, target $y=${target}$; lines: the recursion of two
          numbers. At $k=2.5$ the output swings out until $\eta\lambda$ has fallen below 2, where it can converge.`,
        spec: panels({
          panels: [
            { title: "output", x, y: { title: "g" }, series: both(({ g }) => g) },
            {
              title: "tangent kernel",
              x,
              y: { title: "ηλ" },
              series: both(({ lambda }, i) => rates[i]! * lambda),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With its gates free the network is no quadratic model: neurons switch on and off in the catapult, and the recursion fails.`,
    settings: { gates: "free" },
  },
});

function example({ dimension, width, seed }: Chosen): {
  readonly x: Matrix<Float64Array>;
  readonly start: TwoLayerStart;
} {
  const generator = random(seed);
  return {
    x: gaussianMatrix(1, dimension, generator),
    start: twoLayerStart(width, dimension, generator, gaussianVector),
  };
}

/** The output and the tangent kernel at the example. */
interface State {
  readonly g: number;
  readonly lambda: number;
}

/** g and λ after 0, 1, … steps of gradient descent on ½ (g − y)². */
async function descent(
  model: Model,
  start: TwoLayerStart,
  {
    y,
    ...options
  }: {
    readonly x: Matrix;
    readonly y: number;
    readonly learningRate: number;
    readonly steps: number;
    readonly signal: AbortSignal;
  },
): Promise<State[]> {
  const states = [];
  const targets = column(Float64Array.of(y));
  for await (const { outputs, parameters } of trainingSteps(model, start.parameters, {
    ...options,
    y: targets,
  })) {
    const { kernel } = await tangentKernel(model, parameters, options.x);
    states.push({ g: outputs.data[0]!, lambda: kernel.data[0]! });
  }
  return states;
}
