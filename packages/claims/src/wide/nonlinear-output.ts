import { type ActivationChoice, activationFunctions, denseNetwork, type Matrix, random } from "lineament";
import { z } from "zod";
import { claim, verdict, within } from "../claim.ts";
import { rowsOf, spherePoints, type TwoLayerStart, twoLayerStart } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { averaged, logSlope, outputDerivatives } from "../measures/index.ts";
import { composedHessianNorm, nonlinearities, twoLayerDerivatives } from "../predictions/index.ts";

const settings = z.object({
  dimension: z.int().min(1).max(100).default(10).describe("input dimension d"),
  widths: z
    .array(z.int().min(8).max(65_536))
    .min(2)
    .max(8)
    .default([64, 256, 1024, 4096])
    .describe("neurons m, ascending"),
  offset: z.number().min(-3).max(3).default(0.7).describe("what is added to f before φ"),
  output: z
    .enum(["tanh", "leaky-relu"])
    .default("tanh")
    .describe("the first φ; leaky-relu is not linear, but has no curvature"),
  draws: z.int().min(1).max(200).default(20).describe("networks of each width, each with its input"),
  seed: z.int().min(0).default(0).describe("seed of inputs and networks"),
});

type Chosen = z.output<typeof settings>;

export default claim({
  code: "WN-03",
  id: "wide/nonlinear-output",
  title: "A curved output keeps networks of any width from becoming linear",
  statement: String.raw`Let $f$ be a wide network with a linear output, and $\tilde f=\varphi(f)$. Its Hessian is
    $\tilde H=\varphi'(f)\,H+\varphi''(f)\,\nabla f\,\nabla f^\top$. The first part vanishes as $m^{-1/2}$, the second does not:
    $$\|\tilde H\|\to|\varphi''(f)|\,\|\nabla f\|^2.$$`,
  source: "Liu, Zhu & Belkin, arXiv:2010.01092",
  status: "proved",
  seconds: 4,
  settings,
  full: { draws: 60, widths: [64, 256, 1024, 4096, 16_384] },

  predict: (chosen) =>
    Array.from(drawn(chosen), ({ width, x, start }): Norms => {
      const network = { weights: rowsOf(start.weights), readout: Array.from(start.readout) };
      const { value, gradient, hessian } = twoLayerDerivatives(
        network,
        Array.from(x.data),
        nonlinearities.tanh,
      );
      const norms = outputs(chosen).map((name) =>
        name === "identity"
          ? hessian
          : composedHessianNorm(curvatures[name](value + chosen.offset), gradient),
      );
      return { width, norms };
    }),

  async measure(chosen, { engine, signal, progress }) {
    const { dimension, widths, offset, draws } = chosen;
    const work = draws * widths.reduce((sum, width) => sum + width, 0);
    let done = 0;
    const measured: Norms[] = [];
    for (const { width, x, start } of drawn(chosen)) {
      const norms: number[] = [];
      for (const name of outputs(chosen)) {
        const network = denseNetwork(engine, {
          inputs: dimension,
          widths: [width],
          activation: "tanh",
          outputActivation: shifted(name, offset),
        });
        norms.push(
          (await outputDerivatives(network, start.parameters, x, { tolerance: 0.02, signal })).hessian,
        );
      }
      measured.push({ width, norms });
      done += width;
      progress(done / work, `m = ${width}`);
    }
    return measured;
  },

  judge(predicted, measured, { widths, output }) {
    const widest = Math.max(...widths);
    const level = (norms: readonly Norms[], at: number): number => against([widest], norms, at)[0]!.y;
    const curved = [output, "square"] as const;
    return verdict([
      ...curved.map((name, at) => {
        const limit = level(predicted, at);
        const told = `mean ‖H̃‖, m = ${widest}, ${words[name]}`;
        return within(told, level(measured, at), 0.97 * limit, 1.03 * limit, limit);
      }),
      ...curved.map((name, at) =>
        within(
          `slope of ln ‖H̃‖ against ln m, ${words[name]}`,
          logSlope(against(widths, measured, at)),
          -0.15,
          0.2,
          0,
        ),
      ),
      within(
        `slope of ln ‖H̃‖ against ln m, ${words.identity}`,
        logSlope(against(widths, measured, 2)),
        -0.53,
        -0.47,
        -0.5,
      ),
    ]);
  },

  figures: (predicted, measured, chosen) => [
    {
      name: "norms",
      title: "Hessian of networks with and without a curved output",
      caption: String.raw`Means of ${chosen.draws} networks with one hidden layer of tanh neurons and signs as output weights, standard errors, and
        $|\varphi''(f)|\,\|\nabla f\|^2$ of the same networks (for the linear output the closed form of $\|H\|$): no constant is fitted.`,
      spec: curves({
        x: { title: "neurons m", scale: "log" },
        y: { title: "norm of the Hessian of φ(f)", scale: "log" },
        series: outputs(chosen).flatMap((name, at) => [
          {
            label: words[name],
            role: "prediction" as const,
            points: against(chosen.widths, predicted, at).map(({ x, y }) => ({ x, y })),
          },
          {
            label: words[name],
            role: "measurement" as const,
            points: against(chosen.widths, measured, at),
          },
        ]),
      }),
    },
  ],

  contrast: {
    statement: String.raw`A leaky ReLU at the output is not linear either, but without curvature, $\varphi''=0$ almost everywhere: the Hessian vanishes.`,
    settings: { output: "leaky-relu", draws: 4 },
  },
});

/** φ in the order of what is measured. */
function outputs({ output }: Pick<Chosen, "output">): readonly [Chosen["output"], "square", "identity"] {
  return [output, "square", "identity"];
}

const words = {
  tanh: "φ = tanh",
  "leaky-relu": "φ = leaky ReLU",
  square: "φ(u) = u²/2",
  identity: "linear output",
} as const;

/** φ″. */
const curvatures = {
  tanh: nonlinearities.tanh.curvature,
  "leaky-relu": () => 0,
  square: () => 1,
} as const;

/** u ↦ φ(u + offset). */
function shifted(name: keyof typeof words, offset: number): ActivationChoice {
  switch (name) {
    case "identity":
      return name;
    case "square":
      return { name: "polynomial", coefficients: [offset ** 2 / 2, offset, 1 / 2] };
    case "leaky-relu":
    case "tanh": {
      const { value, slope, curvature } = activationFunctions({ name });
      return {
        name: "custom",
        label: `${name}(u + ${offset})`,
        value: (u) => value(u + offset),
        slope: (u) => slope(u + offset),
        curvature: (u) => curvature(u + offset),
      };
    }
  }
}

/** One network at one input. */
interface Norms {
  readonly width: number;
  /** By φ. */
  readonly norms: readonly number[];
}

/** Networks and their inputs, the same for whoever asks. */
function* drawn({ dimension, widths, draws, seed }: Chosen): Generator<{
  readonly width: number;
  readonly x: Matrix<Float64Array>;
  readonly start: TwoLayerStart;
}> {
  const generator = random(seed);
  for (const width of widths)
    for (let k = 0; k < draws; k++)
      yield {
        width,
        x: spherePoints(1, dimension, generator),
        start: twoLayerStart(width, dimension, generator),
      };
}

/** Means over the draws of each width, for one φ. */
function against(
  widths: readonly number[],
  measured: readonly Norms[],
  at: number,
): ReturnType<typeof averaged>[] {
  return widths.map((width) =>
    averaged(
      width,
      measured.filter((one) => one.width === width).map(({ norms }) => norms[at]!),
    ),
  );
}
