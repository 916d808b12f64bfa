import { activation, assembly, dense, type Matrix, random, serial } from "lineament";
import { z } from "zod";
import { atLeast, claim, verdict, within } from "../claim.ts";
import {
  gaussianVector,
  randomSigns,
  rowsOf,
  spherePoints,
  type TwoLayerStart,
  twoLayerStart,
} from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { averaged, logSlope, type OutputDerivatives, outputDerivatives } from "../measures/index.ts";
import { assemblyDerivatives, nonlinearities, twoLayerDerivatives } from "../predictions/index.ts";

const settings = z.object({
  dimension: z.int().min(1).max(20).default(4).describe("input dimension d"),
  neurons: z.int().min(1).max(20).default(3).describe("hidden neurons of each sub-model"),
  sizes: z
    .array(z.int().min(2).max(16_384))
    .min(2)
    .max(8)
    .default([16, 64, 256, 1024, 4096])
    .describe("m, numbers of sub-models"),
  readout: z
    .enum(["signs", "normal"])
    .default("signs")
    .describe("output weights of the sub-models: ±1, whose Hessians are bounded, or normal"),
  draws: z
    .int()
    .min(1)
    .max(100)
    .default(10)
    .describe("assemblies of each kind and size, each with its input"),
  seed: z.int().min(0).default(0).describe("seed of inputs and sub-models"),
});

type Chosen = z.output<typeof settings>;

/** How sub-models are assembled, and what must be true of the slope of ‖H‖/‖∇f‖. */
const modes = [
  { mode: "independent", name: "independent" },
  { mode: "dominant", name: "one dominates" },
  { mode: "shared", name: "shared parameters, mean" },
  { mode: "coherent", name: "shared parameters, sum / √m" },
] as const;
type Mode = (typeof modes)[number]["mode"];

export default claim({
  code: "WN-10",
  id: "wide/assembly",
  title: "Many weak and diverse sub-models make a linear model",
  statement: String.raw`Let $f=\frac1{\sqrt m}\sum_{i=1}^mv_i\,g(\theta_i;x)$, $v_i=\pm1$, be an assembly of copies of one small smooth model with independent parameters
    $\theta_i$. Its Hessian is block diagonal,
    $$\|\nabla^2f\|=\frac1{\sqrt m}\max_i\|\nabla^2g_i\|,\qquad\|\nabla f\|^2=\frac1m\sum_i\|\nabla g_i\|^2,$$
    so that the ratio of the two falls as $m^{-1/2}$ where the $\|\nabla^2g_i\|$ are bounded. It does not fall when one sub-model has weight 1 instead of
    $1/\sqrt m$, nor when all share their parameters: then $f$ is one small model, rescaled.`,
  source: "Liu, Zhu & Belkin, arXiv:2203.05104",
  status: "proved",
  seconds: 4,
  settings,
  full: { draws: 100 },

  predict: (chosen) =>
    Array.from(drawn(chosen), ({ mode, size, x, weights, start }): Measured => {
      const rows = rowsOf(start.weights);
      const members = weights.map((_, i) => {
        const [from, to] = [i * chosen.neurons, (i + 1) * chosen.neurons];
        const member = {
          weights: rows.slice(from, to),
          readout: Array.from(start.readout.subarray(from, to)),
        };
        return twoLayerDerivatives(member, Array.from(x.data), nonlinearities.tanh);
      });
      return { mode, size, ...assemblyDerivatives(weights, members) };
    }),

  async measure(chosen, { engine, signal, progress }) {
    const { dimension, neurons, sizes, draws } = chosen;
    const member = serial(dense({ width: neurons }), activation("tanh"), dense());
    const work = 2 * draws * sizes.reduce((sum, size) => sum + size, 0);
    let done = 0;
    const measured: Measured[] = [];
    for (const { mode, size, x, weights, start } of drawn(chosen)) {
      const network = assembly(engine, member, { inputs: dimension, weights });
      const options = { tolerance: 0.05, signal };
      measured.push({ mode, size, ...(await outputDerivatives(network, start.parameters, x, options)) });
      if (weights.length > 1) done += size;
      progress(done / work, `${mode}, m = ${size}`);
    }
    return measured;
  },

  judge(predicted, measured, { sizes }) {
    const slope = (found: readonly Measured[], mode: Mode): number => logSlope(ratios(sizes, found, mode));
    return verdict(
      modes.map(({ mode, name }) => {
        const told = `slope of ln(‖H‖/‖∇f‖) against ln m, ${name}`;
        const exponent = slope(predicted, mode);
        return mode === "independent"
          ? within(told, slope(measured, mode), -0.55, -0.45, exponent)
          : atLeast(told, slope(measured, mode), -0.15, exponent);
      }),
    );
  },

  figures: (predicted, measured, { sizes, draws, dimension, neurons }) => [
    {
      name: "curvature",
      title: "Curvature of assemblies against the number of sub-models",
      caption: String.raw`Means and standard errors of ${draws} assemblies of networks with ${dimension} inputs, ${neurons} tanh neurons and one output. Lines are the closed
        form for the same sub-models: no constant is fitted. Sub-models that share their parameters make one small model, whatever they are
        multiplied with.`,
      spec: curves({
        x: { title: "sub-models m", scale: "log" },
        y: { title: "‖H‖ / ‖∇f‖", scale: "log" },
        series: modes.flatMap(({ mode, name }) => [
          {
            label: name,
            role: "prediction" as const,
            points: ratios(sizes, predicted, mode).map(({ x, y }) => ({ x, y })),
          },
          { label: name, role: "measurement" as const, points: ratios(sizes, measured, mode) },
        ]),
      }),
    },
  ],

  contrast: {
    statement: String.raw`With normal output weights the Hessians of sub-models are not bounded, and the largest of $m$ grows with $m$: the slope is about $-0.42$.`,
    settings: { readout: "normal" },
  },
});

/** One assembly at one input. */
interface Measured extends OutputDerivatives {
  readonly mode: Mode;
  readonly size: number;
}

/** Assemblies and their inputs, the same for whoever asks. The parameters of sub-models lie one below the other. */
function* drawn({ dimension, neurons, sizes, readout, draws, seed }: Chosen): Generator<{
  readonly mode: Mode;
  readonly size: number;
  readonly x: Matrix<Float64Array>;
  /** One for each sub-model with parameters of its own. */
  readonly weights: readonly number[];
  readonly start: TwoLayerStart;
}> {
  const generator = random(seed);
  const readouts = { signs: randomSigns, normal: gaussianVector }[readout];
  for (const { mode } of modes)
    for (const size of sizes)
      for (let draw = 0; draw < draws; draw++) {
        const x = spherePoints(1, dimension, generator);
        const weights = weightsOf(mode, randomSigns(size, generator));
        const start = twoLayerStart(weights.length * neurons, dimension, generator, readouts);
        yield { mode, size, x, weights, start };
      }
}

/** The weights of sub-models; those that share their parameters are one sub-model with the sum of their weights. */
function weightsOf(mode: Mode, signs: Float64Array): number[] {
  const m = signs.length;
  const weak = Array.from(signs, (sign) => sign / Math.sqrt(m));
  switch (mode) {
    case "independent":
      return weak;
    case "dominant":
      return [1, ...weak.slice(1)];
    case "shared":
      return [1]; // m times 1/m
    case "coherent":
      return [Math.sqrt(m)]; // m times 1/√m
  }
}

/** Means of ‖H‖/‖∇f‖ over the draws of each size. */
function ratios(
  sizes: readonly number[],
  found: readonly Measured[],
  mode: Mode,
): ReturnType<typeof averaged>[] {
  return sizes.map((size) =>
    averaged(
      size,
      found
        .filter((one) => one.mode === mode && one.size === size)
        .map(({ hessian, gradient }) => hessian / gradient),
    ),
  );
}
