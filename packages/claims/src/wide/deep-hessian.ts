import { denseNetwork, type Engine, type Random, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { gaussianVector, logSpaced, randomSigns, spherePoints } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import {
  averaged,
  logSlope,
  mean,
  type OutputDerivatives,
  outputDerivatives,
  powerLawThrough,
} from "../measures/index.ts";

const depths = (most: number) => z.array(z.int().min(1).max(most)).min(1).max(8);

const settings = z
  .object({
    dimension: z.int().min(1).max(100).default(10).describe("input dimension d"),
    widths: z
      .array(z.int().min(4).max(2048))
      .min(2)
      .max(8)
      .default([32, 64, 128, 256])
      .describe("m, neurons of each hidden layer, where the width is varied"),
    depthsAcrossWidths: depths(12)
      .default([1, 2, 3, 4])
      .describe("hidden layers L of the networks whose width is varied; their weights are standard normal"),
    width: z.int().min(4).max(2048).default(128).describe("m where the depth is varied"),
    depths: depths(30)
      .default([1, 2, 4, 8, 12])
      .describe("hidden layers L where the depth is varied, ascending; 4 and 12 must be among them"),
    mildScales: z
      .array(z.number().min(0.1).max(4))
      .min(1)
      .max(4)
      .default([0.8, 1])
      .describe("σ₀, standard deviations of the weights at which depth must not matter much"),
    largeScales: z
      .array(z.number().min(0.1).max(4))
      .min(1)
      .max(4)
      .default([1.5, 2])
      .describe("σ₀ above; at the largest the Hessian must grow exponentially with depth"),
    draws: z.int().min(1).max(50).default(12).describe("networks of each shape where the width is varied"),
    deepDraws: z.int().min(1).max(50).default(3).describe("networks of each kind where the depth is varied"),
    seed: z.int().min(0).default(0).describe("seed of inputs and networks"),
  })
  .refine((chosen) => compared.every((depth) => chosen.depths.includes(depth)), {
    path: ["depths"],
    message: "4 and 12 must be among them",
  });

type Chosen = z.output<typeof settings>;

/** The depths whose Hessians are compared. */
const compared = [4, 12] as const;

export default claim({
  code: "WN-04",
  id: "wide/deep-hessian",
  title: "Deep wide networks are nearly linear too, if their weights are not large",
  statement: String.raw`Let $h_0=x$, $h_l=\tanh(W_lh_{l-1}/\sqrt{\dim h_{l-1}})$ with $L$ hidden layers of $m$ neurons, $f=\langle v,h_L\rangle/\sqrt m$, $v_i=\pm1$, and
    let the entries of $W_l$ be normal with standard deviation $\sigma_0$. At every depth $\|\nabla^2f\|\propto m^{-1/2}$. The constant,
    $\sqrt m\,\|\nabla^2f\|$, grows like a polynomial in $L$ at most when $\sigma_0\le1$, and exponentially when weights are large. (Proved, in the paper,
    for a smaller $\sigma_0$ and a whole ball about the start.)`,
  source: "Banerjee, Cisneros-Velarde, Zhu & Belkin, arXiv:2209.15106",
  status: "checked",
  seconds: 14,
  settings,
  full: { widths: [32, 64, 128, 256, 512], depthsAcrossWidths: [1, 2, 3, 4, 6], width: 256 },

  predict: () => ({ exponent: -1 / 2 }),

  async measure(chosen, { engine, signal, progress }) {
    const { widths, depthsAcrossWidths, width, draws, deepDraws, seed } = chosen;
    const generator = random(seed);
    const shapes = [
      ...depthsAcrossWidths.flatMap((depth) =>
        widths.map((each) => ({ width: each, depth, scale: 1, draws })),
      ),
      ...scales(chosen).flatMap((scale) =>
        chosen.depths.map((depth) => ({ width, depth, scale, draws: deepDraws })),
      ),
    ];
    const cost = (shape: Shape): number => shape.draws * shape.depth * shape.width ** 2;
    const work = shapes.reduce((sum, shape) => sum + cost(shape), 0);
    let done = 0;
    const measured: Measured[] = [];
    for (const shape of shapes) {
      const norms: OutputDerivatives[] = [];
      for (let k = 0; k < shape.draws; k++)
        norms.push(await deepNorms(engine, shape, chosen, generator, signal));
      measured.push({ ...shape, norms });
      done += cost(shape);
      progress(done / work, `m = ${shape.width}, L = ${shape.depth}`);
    }
    // Shapes may occur in both.
    const split = depthsAcrossWidths.length * widths.length;
    return { acrossWidths: measured.slice(0, split), acrossDepths: measured.slice(split) };
  },

  judge({ exponent }, { acrossWidths, acrossDepths }, { depthsAcrossWidths, mildScales, largeScales }) {
    const growth = (scale: number): number => {
      const [from, to] = compared.map((depth) =>
        constant(acrossDepths.find((one) => one.scale === scale && one.depth === depth)!),
      );
      return to! / from!;
    };
    const name = (scale: number): string =>
      `√m ‖H‖ at L = ${compared[1]} / that at L = ${compared[0]}, σ₀ = ${scale}`;
    const largest = Math.max(...largeScales);
    return verdict([
      ...depthsAcrossWidths.map((depth) =>
        within(
          `slope of ln ‖H‖ against ln m, L = ${depth}`,
          logSlope(byWidth(acrossWidths, depth, "hessian")),
          -0.6,
          -0.4,
          exponent,
        ),
      ),
      ...mildScales.map((scale) => atMost(name(scale), growth(scale), 3)),
      atLeast(name(largest), growth(largest), 10),
    ]);
  },

  figures({ exponent }, { acrossWidths, acrossDepths }, chosen) {
    const { depthsAcrossWidths, draws, deepDraws, width, mildScales, largeScales } = chosen;
    const byDepth = (scale: number) =>
      acrossDepths
        .filter((one) => one.scale === scale)
        .map((one) =>
          averaged(
            one.depth,
            one.norms.map(({ hessian }) => Math.sqrt(width) * hessian),
          ),
        );
    const [mild, large] = [Math.max(...mildScales), Math.max(...largeScales)];
    return [
      {
        name: "depth",
        title: `Hessian against depth, m = ${width}`,
        caption: String.raw`Means of ${deepDraws} networks of tanh neurons, with standard errors. Through the marks at $L=${compared[0]}$ and $${compared[1]}$ go an exponential
          ($\sigma_0=${large}$), straight on this logarithmic axis, and a power of $L$ ($\sigma_0=${mild}$), which bends. With $\sigma_0<1$ signals
          die out on their way, and the Hessian with them.`,
        spec: curves({
          x: { title: "hidden layers L" },
          y: { title: "√m ‖H‖", scale: "log" },
          series: [
            { label: `σ₀ = ${large}`, role: "prediction", points: throughCompared(byDepth(large), (L) => L) },
            { label: `σ₀ = ${mild}`, role: "prediction", points: throughCompared(byDepth(mild), Math.log) },
            ...scales(chosen).map((scale) => ({
              label: `σ₀ = ${scale}`,
              role: "measurement" as const,
              points: byDepth(scale),
            })),
          ],
        }),
      },
      {
        name: "width",
        title: "Hessian and gradient against width, by depth",
        caption: String.raw`Means of ${draws} networks with $\sigma_0=1$, with standard errors. Lines have slope $-\frac12$, and their heights are fitted. The gradient
          of the deepest networks is there for comparison: it does not vanish.`,
        spec: curves({
          x: { title: "neurons of each layer m", scale: "log" },
          y: { title: "norm", scale: "log" },
          series: [
            ...depthsAcrossWidths.flatMap((depth) => {
              const points = byWidth(acrossWidths, depth, "hessian");
              const label = `‖H‖, L = ${depth}`;
              return [
                { label, role: "prediction" as const, points: powerLawThrough(points, exponent) },
                { label, role: "measurement" as const, points },
              ];
            }),
            {
              label: `‖∇f‖, L = ${Math.max(...depthsAcrossWidths)}`,
              role: "measurement" as const,
              points: byWidth(acrossWidths, Math.max(...depthsAcrossWidths), "gradient"),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Weights with $\sigma_0=1.5$ are not mild: the Hessian at $L=12$ is many times that at $L=4$.`,
    settings: { mildScales: [1.5], largeScales: [2], depthsAcrossWidths: [1] },
  },
});

interface Place {
  readonly x: number;
  readonly y: number;
}

/** The curve through the points of the compared depths whose logarithm is linear in `of`(L). */
function throughCompared(points: readonly Place[], of: (L: number) => number): Place[] {
  const [first, last] = compared.map((depth) => points.find(({ x }) => x === depth)!) as [Place, Place];
  return logSpaced(first.x, last.x, 30).map((x) => {
    const part = (of(x) - of(first.x)) / (of(last.x) - of(first.x));
    return { x, y: first.y * (last.y / first.y) ** part };
  });
}

interface Shape {
  readonly width: number;
  readonly depth: number;
  /** σ_0. */
  readonly scale: number;
  readonly draws: number;
}

interface Measured extends Shape {
  /** By draw. */
  readonly norms: readonly OutputDerivatives[];
}

function scales({ mildScales, largeScales }: Chosen): number[] {
  return [...mildScales, ...largeScales];
}

/** √m ‖H‖. */
function constant({ width, norms }: Measured): number {
  return Math.sqrt(width) * mean(norms.map(({ hessian }) => hessian));
}

function byWidth(
  measured: readonly Measured[],
  depth: number,
  quantity: keyof OutputDerivatives,
): ReturnType<typeof averaged>[] {
  return measured
    .filter((one) => one.depth === depth)
    .map(({ width, norms }) =>
      averaged(
        width,
        norms.map((one) => one[quantity]),
      ),
    );
}

async function deepNorms(
  engine: Engine,
  { width, depth, scale }: Shape,
  { dimension }: Chosen,
  generator: Random,
  signal: AbortSignal,
): Promise<OutputDerivatives> {
  const network = denseNetwork(engine, {
    inputs: dimension,
    widths: Array<number>(depth).fill(width),
    activation: "tanh",
  });
  const theta = new Float64Array(network.parameters);
  theta.set(gaussianVector(network.parameters - width, generator).map((weight) => scale * weight));
  theta.set(randomSigns(width, generator), network.parameters - width);
  return outputDerivatives(network, theta, spherePoints(1, dimension, generator), {
    tolerance: 0.05,
    signal,
  });
}
