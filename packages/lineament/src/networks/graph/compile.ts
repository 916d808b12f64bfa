import { type Activation, type Layer, windowPixels } from "../../layers/index.ts";
import { type Elementwise, elementwise } from "../elementwise.ts";
import {
  add,
  addRows,
  concatenate,
  gatherColumns,
  groupedMatmul,
  multiply,
  normalize,
  repeatRows,
  reshape,
  scale,
  sumRows,
} from "../tape/primitives.ts";
import { type Expression, pointwise } from "../tape/expression.ts";
import type { TapeNetwork } from "../tape/tape-model.ts";
import { type NetworkSizes, shapesOf, type StepShape } from "./channels.ts";
import { type Step, stepsOf } from "./steps.ts";

type Convolution = Extract<Layer, { layer: "convolution" }>;
type MatrixDescription = TapeNetwork["matrices"][number];

/** An activation layer of a network: each has an object of its own. */
export interface ActivationLayer {
  readonly activation: Activation;
  readonly phi: Elementwise;
}

/** A network as a tape: like `TapeNetwork`, with a say in what activations do. */
export interface Compiled extends TapeNetwork {
  readonly activations: readonly ActivationLayer[];
  output(
    x: Expression,
    parameters: readonly Expression[],
    activate?: (input: Expression, layer: ActivationLayer) => Expression,
  ): Expression;
}

/**
 * Writes a layer with the primitives of the tape. Inside, the rows of a matrix are examples × copies × pixels and its columns
 * are channels, so that every layer but the dense and convolutional ones acts on rows without knowing of copies or pixels.
 *
 * @param weights - of as many independent copies of the network; f is their weighted sum. Default: one copy of weight 1
 * @throws RangeError naming the layer, when the description is not a network
 */
export function compile(layer: Layer, sizes: NetworkSizes, weights: ArrayLike<number> = [1]): Compiled {
  const steps = stepsOf(layer);
  const shapes = shapesOf(steps, sizes);
  const copies = weights.length;
  const matrices: MatrixDescription[] = [];
  /** The parameter matrices of each step are those from its number here to that of the next. */
  const firstMatrix = steps.map((step, at) => {
    const first = matrices.length;
    matrices.push(...matricesOf(step, shapes[step.reads[0] ?? 0]!.channels, shapes[at]!.channels, copies));
    return first;
  });
  const windows = steps.map(({ layer, reads }) =>
    layer.layer === "convolution" ? windowColumns(shapes[reads[0]!]!, layer) : undefined,
  );
  const activations = steps.map(({ layer }): ActivationLayer | undefined =>
    layer.layer === "activation"
      ? { activation: layer.activation, phi: elementwise(layer.activation) }
      : undefined,
  );
  return {
    inputs: sizes.inputs,
    outputs: shapes.at(-1)!.channels,
    matrices,
    activations: activations.filter((layer) => layer !== undefined),
    output(x, parameters, activate = (input, { phi }) => pointwise(input, phi)) {
      const results: Expression[] = [];
      for (const [at, { layer, reads }] of steps.entries()) {
        const own = parameters.slice(firstMatrix[at], firstMatrix[at + 1]);
        const inputs =
          layer.layer === "input" ? [repeatRows(x, copies)] : reads.map((read) => results[read]!);
        const shape = shapes[reads[0] ?? at]!;
        results.push(
          layer.layer === "activation"
            ? activate(inputs[0]!, activations[at]!)
            : apply(layer, inputs, { shape, parameters: own, copies, window: windows[at] }),
        );
      }
      const last = results.at(-1)!;
      return copies === 1 && weights[0] === 1 ? last : sumRows(last, weights);
    },
  };
}

interface Place {
  /** Of the first input. */
  readonly shape: StepShape;
  readonly parameters: readonly Expression[];
  readonly copies: number;
  /** Of a convolution, by `windowColumns`. */
  readonly window: Int32Array | undefined;
}

/** What a layer makes of its inputs. */
function apply(
  layer: Exclude<Step["layer"], { layer: "activation" }>,
  inputs: readonly Expression[],
  { shape, parameters, copies, window }: Place,
): Expression {
  const input = inputs[0]!;
  const pixels = areaOf(shape);
  const affine = (features: Expression, alpha: number, factor: number): Expression => {
    const [weights, biases] = parameters;
    const product = groupedMatmul(features, weights!, { groups: copies, block: pixels, alpha });
    return biases ? addRows(product, biases, { factor, block: pixels }) : product;
  };
  switch (layer.layer) {
    case "input":
      return reshape(input, (input.rows * input.cols) / shape.channels, shape.channels);
    case "combine":
      if (layer.combine === "sum") return add(input, ...inputs.slice(1));
      return layer.combine === "product" ? inputs.reduce(multiply) : concatenate(inputs);
    case "dense":
      return layer.parameterization === "ntk"
        ? affine(input, layer.weightStd / Math.sqrt(input.cols), layer.biasStd)
        : affine(input, 1, 1);
    case "convolution": {
      const images = reshape(input, input.rows / pixels, input.cols * pixels);
      const gathered = gatherColumns(images, window!);
      const windows = reshape(gathered, input.rows, gathered.cols / pixels);
      return affine(windows, layer.weightStd / Math.sqrt(windows.cols), layer.biasStd);
    }
    case "scale":
      return scale(input, layer.factor);
    case "layer-norm":
      return normalize(input, layer.epsilon);
    case "flatten":
      return reshape(input, input.rows / pixels, input.cols * pixels);
    case "global-average-pool":
      return sumRows(input, new Float64Array(pixels).fill(1 / pixels));
  }
}

/** Weights, then biases unless their standard deviation is 0; those of copies one below the other. */
function matricesOf(
  { layer, name }: Step,
  inputs: number,
  outputs: number,
  copies: number,
): readonly MatrixDescription[] {
  if (layer.layer !== "dense" && layer.layer !== "convolution") return [];
  const fanIn = inputs * (layer.layer === "convolution" ? layer.window[0] * layer.window[1] : 1);
  const dense = layer.layer === "dense" ? layer : undefined;
  const standard = dense?.parameterization === "standard";
  return [
    {
      name: `weights of ${name}`,
      rows: copies * outputs,
      cols: fanIn,
      std: standard ? layer.weightStd / Math.sqrt(fanIn) : 1,
      rate: dense?.weightRate ?? 1,
      weightsOf: layer.layer,
      scale: standard ? 1 : layer.weightStd / Math.sqrt(fanIn),
    },
    ...(layer.biasStd > 0
      ? [
          {
            name: `biases of ${name}`,
            rows: copies,
            cols: outputs,
            std: standard ? layer.biasStd : 1,
            rate: dense?.biasRate ?? 1,
          },
        ]
      : []),
  ];
}

function areaOf({ pixels }: StepShape): number {
  return pixels ? pixels.height * pixels.width : 1;
}

/** The numbers in the window around each pixel: window rows, window columns, channels. −1 stands for zero padding. */
function windowColumns({ channels, pixels }: StepShape, { window, padding }: Convolution): Int32Array {
  const [rows, cols] = window;
  const covered = windowPixels(pixels!, { rows, cols, padding });
  const columns = new Int32Array(covered.length * channels);
  covered.forEach((pixel, at) => {
    for (let channel = 0; channel < channels; channel++)
      columns[at * channels + channel] = pixel < 0 ? -1 : pixel * channels + channel;
  });
  return columns;
}
