import {
  balancedFactors,
  denseNetwork,
  type Engine,
  factorSteps,
  gaussianFactors,
  gradientOuterProduct,
  type LinearNetwork,
  type Matrix,
  neuralFeatureMatrix,
  random,
  regressionLoss,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { gaussianMatrix, orthogonalMatrix, rowsOf } from "../data/index.ts";
import { curves, panels } from "../figures/index.ts";
import { distance, matrixPower, product, rowProducts } from "../measures/index.ts";
import { balancedExponent, balancedExponentError, singularValues } from "../predictions/index.ts";

const settings = z.object({
  depths: z.array(z.int().min(2).max(5)).min(1).max(3).default([2, 3]).describe("layers L"),
  dimension: z.int().min(3).max(50).default(6).describe("inputs d, and neurons of the hidden layers"),
  outputs: z.int().min(3).max(50).default(3).describe("outputs of teacher and network"),
  rows: z.int().min(10).max(2000).default(50).describe("Gaussian training inputs n"),
  teacherNorm: z.number().min(1.5).max(4).default(2.5).describe("largest singular value of the teacher"),
  steps: z
    .array(z.number().min(1e-4).max(0.05))
    .length(2)
    .default([1e-2, 1e-3])
    .describe("step sizes η, the larger one first; they are compared"),
  duration: z.number().min(5).max(200).default(40).describe("time of training, η · steps"),
  start: z
    .enum(["balanced", "gaussian"])
    .default("balanced")
    .describe("balanced layers with shared singular values, or independent Gaussian entries"),
  seed: z.int().min(0).default(0).describe("seed of teacher, inputs and start"),
});
type Settings = z.output<typeof settings>;

/** Singular values of every layer of a balanced start, and the standard deviation of a Gaussian one. */
const startValues = [0.3, 0.2, 0.1];
const startDeviation = 0.2;

/** Exponents that are marked in the figure, and those of the line: on both sides of each 1/k, where it falls to 0. */
const marked = [...Array.from({ length: 23 }, (_, k) => 0.1 + 0.05 * k), 1 / 3];
const drawn = [
  ...Array.from({ length: 160 }, (_, k) => 0.1013 + 0.0069 * k),
  ...[1, 2, 3, 4, 5].flatMap((k) => [1e-2, 1e-3, 1e-4, 1e-6].flatMap((off) => [1 / k - off, 1 / k + off])),
].sort((a, b) => a - b);

export default claim({
  code: "FL-08",
  id: "features/deep-linear-ansatz",
  title: "In balanced linear networks weights are an exact power of gradients",
  statement: String.raw`Let $f(x)=W_L\cdots W_1x$ be balanced, $W_{j+1}^\top W_{j+1}=W_jW_j^\top$, and let $A_\ell=(W_L\cdots W_\ell)^\top(W_L\cdots W_\ell)$
    be the average gradient outer product with respect to the input of layer $\ell$. Then $W_\ell^\top W_\ell=A_\ell^{1/(L-\ell+1)}$: the
    exponent is $1/L$ for the first layer and 1 for the last. Gradient flow keeps balance, gradient descent up to errors of order $\eta$. With
    another exponent the two matrices differ by their own size.`,
  source: "Radhakrishnan et al., arXiv:2212.13881 (ansatz); arXiv:2510.15563 (exponent 1/L)",
  status: "proved",
  seconds: 3,
  settings,
  full: { depths: [2, 3, 4] },

  predict(chosen) {
    const sigma = singularValues(rowsOf(draw(chosen).teacher));
    return chosen.depths.map((depth) =>
      layersOf(depth).map((layer) => {
        const errorAt = (exponent: number): number =>
          balancedExponentError(sigma, { depth, layer, exponent });
        const exponent = balancedExponent(depth, layer);
        return {
          exponent,
          /** 1 and ½ where they are not right. */
          wrong: [1, 1 / 2]
            .filter((other) => other !== exponent)
            .map((other) => ({ exponent: other, error: errorAt(other) })),
          curve: drawn.map((x) => ({ x, y: errorAt(x) })),
        };
      }),
    );
  },

  async measure(chosen, { engine, signal, progress }) {
    const { depths, steps, duration } = chosen;
    const { x, teacher } = draw(chosen);
    const loss = regressionLoss(engine, x, await rowProducts(engine, x, teacher));
    const results = [];
    for (const [i, depth] of depths.entries()) {
      const start = await startOf(engine, chosen, depth);
      const bySize = [];
      for (const [k, learningRate] of steps.entries()) {
        let trained = start;
        const options = { learningRate, steps: Math.round(duration / learningRate), signal };
        for await (const { parameters } of factorSteps(engine, start, loss, options)) trained = parameters;
        bySize.push(await exponentErrors(engine, trained, x));
        progress((i + (k + 1) / steps.length) / depths.length, `${depth} layers, η = ${learningRate}`);
      }
      results.push(bySize);
    }
    /** By depth, step size and layer. */
    return results;
  },

  judge(predicted, measured, { depths, steps }) {
    return verdict(
      depths.flatMap((depth, i) =>
        layersOf(depth).flatMap((layer) => {
          const { exponent, wrong } = predicted[i]![layer - 1]!;
          const [coarse, fine] = measured[i]!.map((layers) => layers[layer - 1]!);
          const name = `L = ${depth}, layer ${layer}`;
          return [
            atMost(
              `${name}: relative error with p = ${rational(exponent)}, η = ${steps[0]}`,
              coarse!.right,
              2e-3,
              0,
            ),
            ...(layer === depth
              ? []
              : [
                  within(
                    `${name}: the same / its value with η = ${steps[1]}`,
                    coarse!.right / fine!.right,
                    7,
                    14,
                    steps[0]! / steps[1]!,
                  ),
                ]),
            ...wrong.map((other) =>
              atLeast(
                `${name}: relative error with p = ${rational(other.exponent)}`,
                other.exponent === 1 ? fine!.withOne : fine!.withHalf,
                0.1,
                other.error,
              ),
            ),
          ];
        }),
      ),
    );
  },

  figures: (predicted, measured, { depths, steps }) => [
    {
      name: "exponents",
      title: "One exponent fits each layer",
      caption: String.raw`Relative error of $W_\ell^\top W_\ell=A_\ell^p$ against $p$ after training with $\eta=${steps[1]}$. Lines: balanced layers whose product is the
        teacher, with no error at $p=1/(L-\ell+1)$; marks: trained networks. What is left at the right exponent is the error
        of gradient descent, of order $\eta$.`,
      spec: panels({
        panels: depths.map((depth, i) => ({
          title: `${depth} layers`,
          x: { title: "exponent p" },
          y: { title: "‖WᵀW − Aᵖ‖ / ‖WᵀW‖", scale: "log", domain: [3e-6, 10] as const },
          series: layersOf(depth).flatMap((layer) => [
            {
              label: `layer ${layer}`,
              role: "prediction" as const,
              points: predicted[i]![layer - 1]!.curve,
            },
            {
              label: `layer ${layer}`,
              role: "measurement" as const,
              points: measured[i]!.at(-1)![layer - 1]!.curve,
            },
          ]),
        })),
      }),
    },
    {
      name: "step-size",
      title: "The error is that of the step size",
      caption: String.raw`Relative error at the right exponent for both step sizes, with lines of slope 1 through the smaller one. The last layer has no error but
        rounding, about $10^{-15}$, and is left out.`,
      spec: curves({
        x: { title: "step size η", scale: "log" },
        y: { title: "‖WᵀW − Aᵖ‖ / ‖WᵀW‖, p = 1/(L − ℓ + 1)", scale: "log" },
        series: depths.flatMap((depth, i) =>
          layersOf(depth - 1).flatMap((layer) => {
            const label = `L = ${depth}, layer ${layer}`;
            const errors = measured[i]!.map((layers) => layers[layer - 1]!.right);
            return [
              {
                label,
                role: "prediction" as const,
                points: steps.map((x) => ({ x, y: (errors[1]! * x) / steps[1]! })),
              },
              {
                label,
                role: "measurement" as const,
                points: steps.map((x, k) => ({ x, y: errors[k]! })),
              },
            ];
          }),
        ),
      }),
    },
  ],

  contrast: {
    statement: "From Gaussian entries, which are not balanced, the ansatz is only an approximation.",
    settings: { start: "gaussian" },
  },
});

function layersOf(depth: number): readonly number[] {
  return Array.from({ length: depth }, (_, j) => j + 1);
}

function rational(exponent: number): string {
  return exponent === 1 ? "1" : `1/${Math.round(1 / exponent)}`;
}

function draw({ dimension, outputs, rows, teacherNorm, seed }: Settings): {
  readonly x: Matrix<Float64Array>;
  readonly teacher: Matrix<Float64Array>;
} {
  const generator = random(seed);
  const teacher = gaussianMatrix(outputs, dimension, generator);
  const factor = teacherNorm / singularValues(rowsOf(teacher))[0]!;
  return {
    teacher: { ...teacher, data: teacher.data.map((value) => value * factor) },
    x: gaussianMatrix(rows, dimension, generator),
  };
}

async function startOf(
  engine: Engine,
  { dimension, outputs, start, seed }: Settings,
  depth: number,
): Promise<LinearNetwork> {
  const widths = [...Array<number>(depth).fill(dimension), outputs];
  if (start === "gaussian") return gaussianFactors(widths, { std: startDeviation, seed });
  const generator = random(seed + 1);
  const left = orthogonalMatrix(outputs, generator);
  const right = orthogonalMatrix(dimension, generator);
  for (let i = 0; i < outputs; i++)
    for (let r = 0; r < outputs; r++) left.data[i * outputs + r]! *= (startValues[r] ?? 0) ** depth;
  const end = await product(engine, left, {
    data: right.data.subarray(0, outputs * dimension),
    rows: outputs,
    cols: dimension,
  });
  return balancedFactors(engine, end, { depth, width: dimension, seed });
}

interface ExponentErrors {
  /** ‖W_ℓᵀW_ℓ − A_ℓ^p‖ / ‖W_ℓᵀW_ℓ‖ with p = 1/(L − ℓ + 1), 1 and ½. */
  readonly right: number;
  readonly withOne: number;
  readonly withHalf: number;
  readonly curve: readonly { readonly x: number; readonly y: number }[];
}

/** Of every layer. */
async function exponentErrors(
  engine: Engine,
  layers: LinearNetwork,
  x: Matrix<Float64Array>,
): Promise<ExponentErrors[]> {
  const network = denseNetwork(engine, {
    inputs: x.cols,
    widths: layers.slice(0, -1).map(({ rows }) => rows),
    outputs: layers.at(-1)!.rows,
    activation: "identity",
    parameterization: { kind: "standard" },
  });
  const theta = Float64Array.from(layers.flatMap(({ data }) => Array.from(data)));
  return Promise.all(
    layers.map(async (_, j) => {
      const features = await neuralFeatureMatrix(network, theta, j + 1);
      const gradients = await gradientOuterProduct(network, theta, x, { layer: j + 1 });
      const size = Math.hypot(...features.data);
      const errorAt = async (exponent: number): Promise<number> =>
        distance(features.data, (await matrixPower(engine, gradients, exponent)).data) / size;
      return {
        right: await errorAt(1 / (layers.length - j)),
        withOne: await errorAt(1),
        withHalf: await errorAt(1 / 2),
        curve: await Promise.all(marked.map(async (p) => ({ x: p, y: await errorAt(p) }))),
      };
    }),
  );
}
