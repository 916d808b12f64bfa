import {
  activationFunctions,
  breather,
  denseNetwork,
  type DenseNetwork,
  type Engine,
  jacobian,
  type Matrix,
  random,
  type Random,
  tangentKernel,
  transpose,
  zeros,
} from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { gaussianVector, rowsOf, spherePoints } from "../data/index.ts";
import { bars, curves } from "../figures/index.ts";
import { mean, rowProducts, standardDeviation } from "../measures/index.ts";
import {
  cosKernel,
  curvatureBound,
  erfSlopeKernel,
  gaussianExpectation,
  jacobianLipschitz,
  kernelModes,
  type KernelForm,
  stepKernel,
  tangentGram,
} from "../predictions/index.ts";

const names = ["tanh", "erf", "sin", "softplus", "normal-cdf", "relu"] as const;
type Name = (typeof names)[number];

const settings = z
  .object({
    activations: z
      .array(z.enum(names))
      .min(1)
      .max(6)
      .default(["tanh", "erf", "sin", "softplus", "normal-cdf"])
      .describe("nonlinearities σ that the statement is held to"),
    samples: z.int().min(2).max(50).default(5).describe("inputs n"),
    dimension: z.int().min(2).max(200).default(20).describe("input dimension d"),
    width: z.int().min(10).max(20_000).default(1000).describe("neurons N of the networks that are displaced"),
    distances: z
      .array(z.number().min(1e-5).max(100))
      .min(1)
      .max(20)
      .default([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10])
      .describe("distances ‖θ − θ_0‖ of displaced networks"),
    directions: z
      .int()
      .min(1)
      .max(50)
      .default(3)
      .describe("random directions of displacement at each distance"),
    widths: z
      .array(z.int().min(5).max(200_000))
      .min(1)
      .max(8)
      .default([16, 64, 250, 1000, 4000, 16_000])
      .describe("neurons N at which singular values are looked at"),
    redraws: z.int().min(1).max(50).default(3).describe("random networks at each of these widths"),
    seed: z.int().min(0).default(0).describe("seed of inputs, networks and directions"),
  })
  .refine(({ samples, dimension }) => samples <= dimension, {
    path: ["samples"],
    message: "it must be at most the dimension, where σ_min is far from rounding",
  });

type Settings = z.output<typeof settings>;

/** sup |σ″| and E[σ′(u) σ′(v)]. ReLU has no curvature but at its kink, and there it is no number. */
const formulas: Readonly<
  Record<Name, { readonly label: string; readonly curvature: number; readonly slope: KernelForm }>
> = {
  tanh: {
    label: "tanh",
    curvature: curvatureBound.tanh,
    slope: gaussianExpectation((u) => 1 - Math.tanh(u) ** 2),
  },
  erf: { label: "erf", curvature: curvatureBound.erf, slope: erfSlopeKernel },
  sin: { label: "sin", curvature: curvatureBound.sin, slope: cosKernel },
  softplus: {
    label: "softplus",
    curvature: curvatureBound.softplus,
    slope: gaussianExpectation((u) => 1 / (1 + Math.exp(-u))),
  },
  "normal-cdf": {
    label: "normal cdf",
    curvature: curvatureBound.normalCdf,
    slope: gaussianExpectation((u) => Math.exp(-(u ** 2) / 2) / Math.sqrt(2 * Math.PI)),
  },
  relu: { label: "ReLU", curvature: 0, slope: stepKernel },
};

/** The nonlinearity that ReLU is set against in a picture. */
const smooth = "tanh";

export default claim({
  code: "LZ-19",
  id: "linearized/jacobian-constants",
  title: "Smooth activations have a Jacobian with known constants, ReLU has not",
  statement: String.raw`The first-layer Jacobian $J_\theta$ of $\sum_ia_i\sigma(\langle w_i,x\rangle)$, $|a_i|\le1$, on inputs $x_1,\dots,x_n$ is Lipschitz:
    $$\|J_\theta-J_{\theta'}\|\le\beta\,\|\theta-\theta'\|,\qquad\beta=\sup|\sigma''|\,\sqrt{\lambda_{\max}\big(\textstyle\sum_k\|x_k\|^2x_kx_k^\top\big)}
    \le\sup|\sigma''|\,\big(\textstyle\sum_k\|x_k\|^4\big)^{1/2},$$
    with $\sup|\sigma''|=0.770$ for tanh, $0.968$ for erf, $1$ for sin, $\frac14$ for softplus and $0.242$ for the normal cdf. As $N\to\infty$, for
    $a_i=\pm1$, $\sigma_{\min}(J_0)^2/N$ and $\sigma_{\max}(J_0)^2/N$ tend to the extreme eigenvalues of $XX^\top\circ\mathbb E[\sigma'\sigma']$.`,
  source: "Lecture 11: Linearized Networks, §2",
  status: "proved",
  seconds: 2,
  settings,
  full: { directions: 10, redraws: 10, widths: [16, 64, 250, 1000, 4000, 16_000, 64_000] },

  predict(chosen) {
    const x = rowsOf(inputs(chosen));
    return chosen.activations.map((activation) => {
      const { curvature, slope } = formulas[activation];
      const { values } = kernelModes(tangentGram(x, slope));
      return { activation, ...jacobianLipschitz(x, curvature), least: values[0]!, most: values.at(-1)! };
    });
  },

  async measure(chosen, { engine, signal, progress }) {
    const { activations, widths, redraws, dimension } = chosen;
    const x = inputs(chosen);
    const generator = random(chosen.seed + 1);
    const network = (activation: Name, width: number): DenseNetwork =>
      denseNetwork(engine, {
        inputs: dimension,
        widths: [width],
        activation,
        parameterization: { kind: "scaled", gamma: 1 },
        weightRates: [1, 0],
      });
    /** By activation, width and network: σ²/N. */
    const singular: { least: number; most: number }[][][] = [];
    for (const [at, activation] of activations.entries()) {
      const rows = [];
      for (const width of widths) {
        const model = network(activation, width);
        const row = [];
        for (let redraw = 0; redraw < redraws; redraw++) {
          signal.throwIfAborted();
          const { kernel } = await tangentKernel(model, model.initialize(generator.integer(2 ** 32)), x);
          const { values } = await engine.eigenSymmetric(kernel);
          row.push({ least: Math.max(0, values[0]!) / width, most: values.at(-1)! / width });
        }
        rows.push(row);
      }
      singular.push(rows);
      progress((0.5 * (at + 1)) / activations.length, "singular values");
    }
    const displaced = [];
    const all = [...new Set([...activations, smooth, "relu"] as const)];
    for (const [at, activation] of all.entries()) {
      const ratios = await displacementRatios(engine, network(activation, chosen.width), x, {
        ...chosen,
        activation,
        generator,
        signal,
      });
      displaced.push({ activation, ratios });
      progress(0.5 + (0.5 * (at + 1)) / all.length, "displaced networks");
    }
    return { singular, displaced };
  },

  judge(predicted, measured, { widths }) {
    return verdict([
      ...predicted.map(({ activation, spectral }) =>
        atMost(
          `largest ‖J_θ − J_θ₀‖ / ‖θ − θ_0‖, ${formulas[activation].label}`,
          largest(measured.displaced.find((one) => one.activation === activation)!.ratios),
          spectral,
        ),
      ),
      ...predicted.flatMap((limit, at) =>
        widths.flatMap((width, i) =>
          width < 4000
            ? []
            : (["least", "most"] as const).map((end) =>
                atMost(
                  `largest error of σ_${end === "least" ? "min" : "max"}² / N, ${formulas[limit.activation].label}, N = ${width} (part of its limit)`,
                  Math.max(...measured.singular[at]![i]!.map((one) => Math.abs(one[end] / limit[end] - 1))),
                  0.03,
                ),
              ),
        ),
      ),
    ]);
  },

  figures(predicted, measured, chosen) {
    const { widths, distances, activations } = chosen;
    const x = rowsOf(inputs(chosen));
    const shown = predicted[0]!;
    const ratios = (activation: Name) =>
      measured.displaced.find((one) => one.activation === activation)!.ratios;
    const { spectral } = jacobianLipschitz(x, formulas[smooth].curvature);
    return [
      {
        name: "singular-values",
        title: `Singular values of the Jacobian against width, ${formulas[shown.activation].label}`,
        caption: String.raw`Squares over $N$ for ${x.length} inputs in $d=${chosen.dimension}$: means of ${chosen.redraws} networks with their standard deviations, and the limits, the
          extreme eigenvalues of $XX^\top\circ\mathbb E[\sigma'\sigma']$.`,
        spec: curves({
          x: { title: "neurons N", scale: "log" },
          y: { title: "squared singular value of J₀ / N" },
          series: (
            [
              ["most", "σ_max² / N"],
              ["least", "σ_min² / N"],
            ] as const
          ).flatMap(([end, label]) => [
            {
              label,
              role: "prediction" as const,
              points: [Math.min(...widths), Math.max(...widths)].map((at) => ({ x: at, y: shown[end] })),
            },
            {
              label,
              role: "measurement" as const,
              points: widths.map((at, i) => {
                const found = measured.singular[0]![i]!.map((one) => one[end]);
                return { x: at, y: mean(found), error: standardDeviation(found) };
              }),
            },
          ]),
        }),
      },
      {
        name: "displacements",
        title: "Displacing a smooth network and a ReLU network",
        caption: String.raw`Change of the Jacobian over the distance that causes it, for ${chosen.width} neurons. Of ${smooth} it stays under $\beta$, also
          when all of the distance is spent on one well-chosen neuron. One ReLU neuron that crosses its kink changes its gradient at once,
          however short the way: there is no $\beta$. (Where no kink is crossed nothing changes, and there is no mark.)`,
        spec: curves({
          x: { title: "distance ‖θ − θ₀‖", scale: "log" },
          y: { title: "‖J_θ − J_θ₀‖ / ‖θ − θ₀‖", scale: "log" },
          series: [
            {
              label: `β of ${smooth}`,
              role: "bound",
              points: [Math.min(...distances), Math.max(...distances)].map((at) => ({ x: at, y: spectral })),
            },
            ...([smooth, "relu"] as const).flatMap((activation) => [
              {
                label: `${formulas[activation].label}, one neuron`,
                role: "measurement" as const,
                points: along(distances, ratios(activation).oneNeuron),
              },
              {
                label: `${formulas[activation].label}, all neurons`,
                role: "measurement" as const,
                points: along(
                  distances,
                  ratios(activation).allNeurons.map((row) => Math.max(...row)),
                ),
              },
            ]),
          ],
        }),
      },
      {
        name: "lipschitz",
        title: "Lipschitz constants of the Jacobian",
        caption: String.raw`Largest change of the Jacobian over the distance, over all displacements, and the two bounds with $\lambda_{\max}$ and with
          $\sum_k\|x_k\|^4$.`,
        spec: bars({
          x: { title: "nonlinearity", categories: activations.map((name) => formulas[name].label) },
          y: { title: "‖J_θ − J_θ₀‖ / ‖θ − θ₀‖" },
          series: [
            {
              label: "measured",
              role: "measurement",
              values: activations.map((name) => largest(ratios(name))),
            },
            { label: "β, spectral", role: "bound", values: predicted.map((one) => one.spectral) },
            { label: "β, Frobenius", role: "bound", values: predicted.map((one) => one.frobenius) },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`ReLU has $\sigma''=0$ wherever it has a second derivative, but no $\beta$: its Jacobian jumps where a neuron crosses its kink.`,
    settings: { activations: ["relu"] },
  },
});

function inputs({ samples, dimension, seed }: Settings): Matrix<Float64Array> {
  return spherePoints(samples, dimension, random(seed));
}

/** ‖J_θ − J_θ₀‖ / ‖θ − θ_0‖ by distance: for random directions, and for one neuron that moves alone. */
interface Ratios {
  readonly allNeurons: readonly (readonly number[])[];
  readonly oneNeuron: readonly number[];
}

function largest({ allNeurons, oneNeuron }: Ratios): number {
  return Math.max(...allNeurons.flat(), ...oneNeuron);
}

/** Points at positive values. */
function along(distances: readonly number[], values: readonly number[]): { x: number; y: number }[] {
  return distances.map((x, i) => ({ x, y: values[i]! })).filter(({ y }) => y > 0);
}

async function displacementRatios(
  engine: Engine,
  network: DenseNetwork,
  x: Matrix<Float64Array>,
  options: Settings & {
    readonly activation: Name;
    readonly generator: Random;
    readonly signal: AbortSignal;
  },
): Promise<Ratios> {
  const { activation, generator, signal, directions, distances } = options;
  const start = network.initialize(generator.integer(2 ** 32));
  const weights = network.layers[0]!.inputs * network.layers[0]!.outputs;
  const at = await firstLayerJacobian(network, start, x, signal);
  const ratio = async (displacement: Float64Array, distance: number): Promise<number> => {
    const theta = start.map((value, i) => value + (i < weights ? displacement[i]! : 0));
    const change = await firstLayerJacobian(network, theta, x, signal);
    for (let i = 0; i < change.data.length; i++) change.data[i]! -= at.data[i]!;
    const { values } = await engine.eigenSymmetric(await rowProducts(engine, change));
    return Math.sqrt(Math.max(0, values.at(-1)!)) / distance;
  };
  const principal = await principalDirection(engine, x);
  const allNeurons: number[][] = [];
  const oneNeuron: number[] = [];
  const pause = breather(signal);
  for (const distance of distances) {
    const row: number[] = [];
    for (let draw = 0; draw < directions; draw++) {
      const direction = gaussianVector(weights, generator);
      const scale = distance / Math.sqrt(direction.reduce((sum, value) => sum + value ** 2, 0));
      row.push(
        await ratio(
          direction.map((value) => scale * value),
          distance,
        ),
      );
      await pause();
    }
    allNeurons.push(row);
    const step = principal.map((value) => distance * value);
    const displacement = new Float64Array(weights);
    displacement.set(step, x.cols * mostChanged(activation, start.subarray(0, weights), step, x));
    oneNeuron.push(await ratio(displacement, distance));
  }
  return { allNeurons, oneNeuron };
}

/** Columns of the Jacobian that belong to the first layer. */
async function firstLayerJacobian(
  network: DenseNetwork,
  theta: Float64Array,
  x: Matrix<Float64Array>,
  signal: AbortSignal,
): Promise<Matrix<Float64Array>> {
  const { data, rows, cols } = await jacobian(network, theta, x, { signal });
  const kept = zeros(rows, network.layers[0]!.inputs * network.layers[0]!.outputs);
  for (let i = 0; i < rows; i++) kept.data.set(data.subarray(i * cols, i * cols + kept.cols), i * kept.cols);
  return kept;
}

/** The unit vector v with the largest Σ_k ⟨v, x_k⟩²: along it pre-activations move most. */
async function principalDirection(engine: Engine, x: Matrix<Float64Array>): Promise<Float64Array> {
  const { vectors } = await engine.eigenSymmetric(await rowProducts(engine, transpose(x)));
  return Float64Array.from({ length: x.cols }, (_, j) => vectors.data[j * x.cols + x.cols - 1]!);
}

/** The neuron whose gradients at all inputs change most, in the Frobenius norm, when `step` is added to its weights. */
function mostChanged(
  activation: Name,
  weights: Float64Array,
  step: Float64Array,
  x: Matrix<Float64Array>,
): number {
  const { slope } = activationFunctions({ name: activation });
  const d = x.cols;
  let [best, most] = [0, -1];
  for (let i = 0; i < weights.length / d; i++) {
    let change = 0;
    for (let k = 0; k < x.rows; k++) {
      let [z, moved, square] = [0, 0, 0];
      for (let j = 0; j < d; j++) {
        const input = x.data[k * d + j]!;
        z += weights[i * d + j]! * input;
        moved += step[j]! * input;
        square += input ** 2;
      }
      change += square * (slope(z + moved) - slope(z)) ** 2;
    }
    if (change > most) [best, most] = [i, change];
  }
  return best;
}
