import type { Layer } from "../layers/index.ts";
import type { Engine, Matrix } from "../linalg/index.ts";
import {
  graphTape,
  type NetworkSizes,
  type ParameterMatrix,
  tape,
  type TapeModel,
} from "../networks/index.ts";
import { checkCount, type Doubles } from "./checks.ts";
import { balancedFactors } from "./initialization.ts";
import { endToEnd } from "./linear-network.ts";

export interface OverparameterizeOptions {
  /** N ≥ 1: how many matrices stand for one. Default 2. */
  readonly depth?: number;
  /** Between these matrices. Default: the outputs of the layer, which adds (N − 1) outputs² parameters. */
  readonly width?: number | undefined;
}

/** One function of two sets of parameters. */
export interface Overparameterized {
  /** As described. */
  readonly original: TapeModel;
  /** With a product of N matrices in place of the weights of every dense layer; biases and all other layers stay. */
  readonly network: TapeModel;
  /** Parameters of `network` with the function of these of `original`: balanced factors. */
  readonly factor: (theta: Float64Array) => Promise<Float64Array>;
  /** Parameters of `original` with the function of these of `network`: products, multiplied out. */
  readonly collapse: (theta: Float64Array) => Promise<Float64Array>;
}

/**
 * Replaces the weights of all dense layers of a network by products W_N ⋯ W_1. The network computes the same functions but
 * learns otherwise: from balanced factors, the effective weights s W move as before, but with P_{sW} times their gradient (see
 * `preconditioner`), faster where the singular values are above 1/2 (N = 2). In NTK parameterization s = σ_w/√fan-in and ρ s²
 * is the learning rate of the factors, so that this holds there too.
 *
 * Start from `factor(original.initialize(seed))` to keep the function; `network.initialize` draws factors whose products have
 * entries of the same variance.
 *
 * @throws RangeError as `graphNetwork`, and for an impossible depth or width; `factor` when a width is below the rank of weights
 * @see Arora, Cohen and Hazan, arXiv:1802.06509, §6
 */
export function overparameterize(
  engine: Engine,
  layer: Layer,
  sizes: NetworkSizes,
  options: OverparameterizeOptions = {},
): Overparameterized {
  return overparameterizeTape(engine, graphTape(layer, sizes), options);
}

/**
 * The same for a network written with the primitives of the tape: products replace the matrices that are `weightsOf` dense layers.
 *
 * @throws RangeError as `tapeModel`, and as `overparameterize`
 */
export function overparameterizeTape(
  engine: Engine,
  plain: tape.TapeNetwork,
  { depth = 2, width }: OverparameterizeOptions = {},
): Overparameterized {
  checkCount("overparameterize", "depth", depth);
  if (width !== undefined) checkCount("overparameterize", "width", width);
  const original = tape.tapeModel(engine, plain);
  const groups = original.matrices.map((matrix) => factorsOf(matrix, depth, width));
  const starts = groups.map((_, at) => groups.slice(0, at).reduce((sum, { length }) => sum + length, 0));
  const network = tape.tapeModel(engine, {
    inputs: plain.inputs,
    outputs: plain.outputs,
    matrices: groups.flat(),
    output: (x, parameters) =>
      plain.output(
        x,
        original.matrices.map((matrix, at) => {
          const own = parameters.slice(starts[at], starts[at]! + groups[at]!.length);
          if (own.length === 1) return own[0]!;
          const all = own.reduce((product, factor) => tape.matmul(factor, product));
          return matrix.scale === 1 ? all : tape.scale(all, 1 / matrix.scale);
        }),
      ),
  });

  /** The matrices of one set of parameters, and those of the other that stand for each. */
  const pairs = (theta: Float64Array, deep: Float64Array) =>
    original.matrices.map((matrix, at) => ({
      scale: matrix.scale,
      whole: viewOf(matrix, theta),
      factors: network.matrices
        .slice(starts[at], starts[at]! + groups[at]!.length)
        .map((factor) => viewOf(factor, deep)),
    }));

  return {
    original,
    network,

    async factor(theta) {
      checkLength("factor", theta, original);
      const deep = new Float64Array(network.parameters);
      for (const { scale, whole, factors } of pairs(theta, deep)) {
        if (factors.length === 1) factors[0]!.data.set(whole.data);
        else {
          const effective = { ...whole, data: whole.data.map((w) => scale * w) };
          const hidden = factors[0]!.rows;
          const balanced = await balancedFactors(engine, effective, { depth, width: hidden });
          factors.forEach(({ data }, j) => data.set(balanced[j]!.data));
        }
      }
      return deep;
    },

    async collapse(deep) {
      checkLength("collapse", deep, network);
      const theta = new Float64Array(original.parameters);
      for (const { scale, whole, factors } of pairs(theta, deep)) {
        if (factors.length === 1) whole.data.set(factors[0]!.data);
        else whole.data.set((await endToEnd(engine, factors)).data.map((w) => w / scale));
      }
      return theta;
    },
  };
}

/** The matrices whose product, divided by the scale of a dense layer's weights, takes their place. */
function factorsOf(
  matrix: ParameterMatrix,
  depth: number,
  width: number | undefined,
): readonly Omit<ParameterMatrix, "offset">[] {
  const { name, rows, cols, std, scale, rate, weightsOf } = matrix;
  if (weightsOf !== "dense" || depth === 1 || scale === 0) return [matrix];
  const hidden = width ?? rows;
  return Array.from({ length: depth }, (_, j) => ({
    name: `factor ${j + 1} of the ${name}`,
    rows: j === depth - 1 ? rows : hidden,
    cols: j === 0 ? cols : hidden,
    std: j === 0 ? scale * std : 1 / Math.sqrt(hidden),
    start: "normal",
    rate: rate * scale ** 2,
    weightsOf,
    scale: 1,
  }));
}

function viewOf({ offset, rows, cols }: ParameterMatrix, theta: Float64Array): Matrix<Float64Array> {
  const view: Doubles = { data: theta.subarray(offset, offset + rows * cols), rows, cols };
  return view;
}

function checkLength(call: string, theta: Float64Array, { parameters }: TapeModel): void {
  if (theta.length !== parameters)
    throw new RangeError(
      `${call}: theta has ${theta.length} numbers, the network has ${parameters} parameters`,
    );
}
