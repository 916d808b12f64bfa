import { type Activation, activationFunctions, type Layer } from "../../layers/index.ts";
import {
  add,
  concatenate,
  gatherColumns,
  groupedMatmul,
  multiply,
  normalize,
  repeatRows,
  reshape,
  scale,
  sumRows,
  tileRows,
} from "../tape/primitives.ts";
import { type Expression, pointwise } from "../tape/expression.ts";
import type { TapeNetwork } from "../tape/tape-model.ts";
import { type NetworkSizes, shapesOf, type StepShape } from "./channels.ts";
import { type Step, stepsOf } from "./steps.ts";

type Convolution = Extract<Layer, { layer: "convolution" }>;

/** An activation layer in terms of its input; `at` is its place in the network. */
export type Activate = (input: Expression, activation: Activation, at: number) => Expression;

/** A network as a tape: like `TapeNetwork`, with a say in what activations do. */
export interface Compiled extends TapeNetwork {
  output(x: Expression, parameters: readonly Expression[], activate?: Activate): Expression;
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
  const matrices: TapeNetwork["matrices"][number][] = [];
  /** For each step with parameters the number of its weight matrix; the biases, if any, come next. */
  const weightMatrix = steps.map((step, at) => {
    const first = matrices.length;
    matrices.push(...matricesOf(step, shapes[step.reads[0] ?? 0]!.channels, shapes[at]!.channels, copies));
    return first;
  });

  const output: Compiled["output"] = (
    x,
    parameters,
    activate = (input, activation) => pointwise(input, activationFunctions(activation)),
  ) => {
    const results: Expression[] = [];
    for (const [at, { layer, reads }] of steps.entries()) {
      const inputs = reads.map((read) => results[read]!);
      const input = inputs[0]!;
      const pixels = areaOf(shapes[reads[0] ?? 0]!);
      const affine = (
        features: Expression,
        weightScale: number,
        biasScale: number | undefined,
      ): Expression => {
        const first = weightMatrix[at]!;
        const product = groupedMatmul(features, parameters[first]!, {
          groups: copies,
          block: pixels,
          alpha: weightScale,
        });
        if (biasScale === undefined) return product;
        const bias = repeatRows(scale(parameters[first + 1]!, biasScale), pixels);
        return add(product, tileRows(bias, product.rows / bias.rows));
      };
      results.push(
        ((): Expression => {
          switch (layer.layer) {
            case "input": {
              const { channels } = shapes[0]!;
              return reshape(repeatRows(x, copies), (x.rows * copies * x.cols) / channels, channels);
            }
            case "combine":
              if (layer.combine === "sum") return add(input, ...inputs.slice(1));
              return layer.combine === "product" ? inputs.reduce(multiply) : concatenate(inputs);
            case "dense": {
              const ntk = layer.parameterization === "ntk";
              const bias = layer.biasStd > 0 ? (ntk ? layer.biasStd : 1) : undefined;
              return affine(input, ntk ? layer.weightStd / Math.sqrt(input.cols) : 1, bias);
            }
            case "convolution": {
              const [first] = reads;
              const columns = windowColumns(shapes[first!]!, layer);
              const whole = reshape(input, input.rows / pixels, input.cols * pixels);
              const features = reshape(gatherColumns(whole, columns), input.rows, columns.length / pixels);
              const bias = layer.biasStd > 0 ? layer.biasStd : undefined;
              return affine(features, layer.weightStd / Math.sqrt(features.cols), bias);
            }
            case "activation":
              return activate(input, layer.activation, at);
            case "scale":
              return scale(input, layer.factor);
            case "layer-norm":
              return normalize(input, layer.epsilon);
            case "flatten":
              return reshape(input, input.rows / pixels, input.cols * pixels);
            case "global-average-pool":
              return sumRows(input, new Float64Array(pixels).fill(1 / pixels));
          }
        })(),
      );
    }
    const last = results.at(-1)!;
    return copies === 1 && weights[0] === 1 ? last : sumRows(last, weights);
  };

  return { inputs: sizes.inputs, outputs: shapes.at(-1)!.channels, matrices, output };
}

/** Weights, then biases unless their standard deviation is 0; those of copies one below the other. */
function matricesOf(
  { layer, name }: Step,
  inputs: number,
  outputs: number,
  copies: number,
): readonly TapeNetwork["matrices"][number][] {
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

/**
 * For an image, pixel after pixel with channels innermost, the numbers in the window around each pixel: window rows, window
 * columns, channels. −1 stands for zero padding.
 */
function windowColumns({ channels, pixels }: StepShape, { window, padding }: Convolution): Int32Array {
  const { height, width } = pixels!;
  const [tall, wide] = window;
  const wrap = (at: number, size: number): number => {
    if (padding === "circular") return ((at % size) + size) % size;
    return at >= 0 && at < size ? at : -1;
  };
  const columns: number[] = [];
  for (let row = 0; row < height; row++)
    for (let col = 0; col < width; col++)
      for (let i = 0; i < tall; i++)
        for (let j = 0; j < wide; j++) {
          const r = wrap(row + i - (tall - 1) / 2, height);
          const c = wrap(col + j - (wide - 1) / 2, width);
          const inside = r >= 0 && c >= 0;
          for (let channel = 0; channel < channels; channel++)
            columns.push(inside ? (r * width + c) * channels + channel : -1);
        }
  return Int32Array.from(columns);
}
