import { denseNetwork, type Matrix, type Random, random } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import {
  gaussianVector,
  randomSigns,
  rowsOf,
  spherePoints,
  type TwoLayerStart,
  twoLayerStart,
} from "../data/index.ts";
import { panels } from "../figures/index.ts";
import { averaged, logSlope, type OutputDerivatives, outputDerivatives } from "../measures/index.ts";
import { nonlinearities, twoLayerDerivatives } from "../predictions/index.ts";

const settings = z.object({
  dimension: z.int().min(1).max(100).default(10).describe("input dimension d"),
  smallWidth: z
    .int()
    .min(2)
    .max(200)
    .default(12)
    .describe("neurons m of the networks at which the closed form must be exact"),
  widths: z
    .array(z.int().min(8).max(65_536))
    .min(2)
    .max(8)
    .default([64, 256, 1024, 4096, 16_384])
    .describe("neurons m"),
  draws: z.int().min(1).max(50).default(10).describe("networks of each kind and width, each with its input"),
  readout: z
    .enum(["signs", "heavy tails"])
    .default("signs")
    .describe("output weights of the first kind: ±1, or P(|v| > t) = 1/t³ for t ≥ 1"),
  seed: z.int().min(0).default(0).describe("seed of inputs and networks"),
});

type Chosen = z.output<typeof settings>;

export default claim({
  code: "WN-01",
  id: "wide/hessian-norm",
  title: "The Hessian of a wide network vanishes like one over the root of its width",
  statement: String.raw`Neurons of $f=\frac1{\sqrt m}\sum_iv_i\,\sigma(a_i)$, $a_i=\langle u_i,x\rangle/\sqrt d$, do not interact in the Hessian $H$ of $f$ in all $u_i$
    and $v_i$: it is block diagonal, and with $p_i=v_i\,\sigma''(a_i)\,c$, $q_i=\sigma'(a_i)\sqrt c$, $c=\|x\|^2/d$,
    $$\|H\|=\frac1{\sqrt m}\max_i\tfrac12\Big(|p_i|+\sqrt{p_i^2+4q_i^2}\Big),$$
    for ReLU $\sqrt{c/m}$ as soon as one neuron is active. The gradient keeps its size. With bounded $v_i$ the norm falls as $m^{-1/2}$;
    with normal $v_i$ a factor $\sqrt{\ln m}$ flattens it.`,
  source: "Liu, Zhu & Belkin, arXiv:2010.01092; Zhu, Liu & Belkin, arXiv:2205.11786",
  status: "proved",
  seconds: 10,
  settings,
  full: { draws: 30 },

  predict: (chosen) =>
    Array.from(drawn(chosen), ({ kind, x, start }): Norms => {
      const network = { weights: rowsOf(start.weights), readout: Array.from(start.readout) };
      const sigma = nonlinearities[kinds[kind]!.activation];
      const { gradient, hessian } = twoLayerDerivatives(network, Array.from(x.data), sigma);
      return { kind, width: start.readout.length, gradient, hessian };
    }),

  async measure(chosen, { engine, signal, progress }) {
    const { dimension, smallWidth, widths, draws } = chosen;
    const work = kinds.length * draws * [smallWidth, ...widths].reduce((sum, width) => sum + width, 0);
    let done = 0;
    const measured: Norms[] = [];
    for (const { kind, x, start } of drawn(chosen)) {
      const width = start.readout.length;
      const { activation } = kinds[kind]!;
      const network = denseNetwork(engine, { inputs: dimension, widths: [width], activation });
      // The blocks of many neurons come close to the largest one: two percent are soon known, the rest takes long.
      const options = { tolerance: width === smallWidth ? 1e-10 : 0.05, signal };
      measured.push({ kind, width, ...(await outputDerivatives(network, start.parameters, x, options)) });
      done += width;
      progress(done / work, `m = ${width}`);
    }
    return measured;
  },

  judge(predicted, measured, { smallWidth, widths, readout }) {
    const slope = (norms: readonly Norms[], kind: number): number =>
      logSlope(against(widths, norms, kind, "hessian"));
    return verdict([
      ...kinds.map((_, kind) =>
        atMost(
          `largest |‖H‖ / closed form − 1|, m = ${smallWidth}, ${nameOf(kind, readout)}`,
          Math.max(
            ...measured.flatMap((one, at) =>
              one.kind === kind && one.width === smallWidth
                ? [Math.abs(one.hessian / predicted[at]!.hessian - 1)]
                : [],
            ),
          ),
          1e-6,
          0,
        ),
      ),
      ...kinds.map(({ low, high }, kind) =>
        within(
          `slope of ln ‖H‖ against ln m, ${nameOf(kind, readout)}`,
          slope(measured, kind),
          low,
          high,
          slope(predicted, kind),
        ),
      ),
    ]);
  },

  figures: (predicted, measured, { widths, draws, readout }) => [
    {
      name: "norms",
      title: "Gradient and Hessian of a network against its width",
      caption: String.raw`Means of ${draws} networks with one hidden layer, each at one input with $\|x\|=\sqrt d$. Lines are the closed forms at the same weights,
        with no constant fitted; marks are Lanczos iterations on Hessian-vector products, which come within two percent from below. The
        gradient stays and the Hessian vanishes: in a ball of fixed radius a wide network is linear.`,
      spec: panels({
        panels: kinds.map((_, kind) => ({
          title: nameOf(kind, readout),
          x: { title: "neurons m", scale: "log" },
          y: { title: "norm", scale: "log", domain: [0.005, 2] },
          series: quantities.flatMap(({ label, quantity }) => [
            {
              label,
              role: "prediction" as const,
              points: against(widths, predicted, kind, quantity).map(({ x, y }) => ({ x, y })),
            },
            { label, role: "measurement" as const, points: against(widths, measured, kind, quantity) },
          ]),
        })),
      }),
    },
  ],

  contrast: {
    statement: String.raw`Output weights with $P(|v|>t)=t^{-3}$ have a variance, so that the gradient keeps its size, but the largest of them grows as
      $m^{1/3}$, and the Hessian falls only as $m^{-1/6}$.`,
    settings: { readout: "heavy tails", widths: [64, 256, 1024, 4096] },
  },
});

/** What is compared, and where the slopes must be. The output weights of the first kind are a setting. */
const kinds = [
  { activation: "tanh", readout: undefined, low: -0.52, high: -0.48 },
  { activation: "tanh", readout: "normal", low: -0.5, high: -0.33 },
  { activation: "relu", readout: "signs", low: -0.52, high: -0.48 },
] as const;

const quantities = [
  { label: "gradient ‖∇f‖", quantity: "gradient" },
  { label: "Hessian ‖H‖", quantity: "hessian" },
] as const;

const readouts = {
  signs: { name: "v = ±1", draw: randomSigns },
  normal: { name: "normal v", draw: gaussianVector },
  "heavy tails": {
    name: "v with heavy tails",
    draw: (size: number, generator: Random) =>
      randomSigns(size, generator).map((sign) => sign * (1 - generator.uniform()) ** (-1 / 3)),
  },
} as const;

function nameOf(kind: number, chosen: Chosen["readout"]): string {
  const { activation, readout = chosen } = kinds[kind]!;
  return `${{ tanh: "tanh", relu: "ReLU" }[activation]}, ${readouts[readout].name}`;
}

/** One network at one input. */
interface Norms extends OutputDerivatives {
  readonly kind: number;
  readonly width: number;
}

/** Networks and their inputs, the same for whoever asks. */
function* drawn(chosen: Chosen): Generator<{
  readonly kind: number;
  readonly x: Matrix<Float64Array>;
  readonly start: TwoLayerStart;
}> {
  const { dimension: d, smallWidth, widths, draws } = chosen;
  const generator = random(chosen.seed);
  for (const [kind, { readout = chosen.readout }] of kinds.entries())
    for (const width of [smallWidth, ...widths])
      for (let k = 0; k < draws; k++) {
        const x = spherePoints(1, d, generator);
        yield { kind, x, start: twoLayerStart(width, d, generator, readouts[readout].draw) };
      }
}

/** Means over the draws of each width. */
function against(
  widths: readonly number[],
  norms: readonly Norms[],
  kind: number,
  quantity: keyof OutputDerivatives,
): ReturnType<typeof averaged>[] {
  return widths.map((width) => {
    const ofWidth = norms.filter((one) => one.kind === kind && one.width === width);
    return averaged(
      width,
      ofWidth.map((one) => one[quantity]),
    );
  });
}
