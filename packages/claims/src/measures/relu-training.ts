import { type DenseNetwork, denseNetwork, type Engine, type Matrix, trainingSteps } from "lineament";

export interface ReluTraining {
  /** n × d. */
  readonly x: Matrix<Float64Array>;
  /** n × outputs. */
  readonly y: Matrix<Float64Array>;
  /** Neurons of the hidden layers. Default 64 and 64. */
  readonly widths?: readonly number[];
  /** σ: weights start as N(0, σ²/d) in the first layer and N(0, 2σ²/width) in the others. Default 0.1. */
  readonly scale?: number;
  /** η on the squared error, averaged over a batch. Default 0.1. */
  readonly learningRate?: number;
  /** Default 64. */
  readonly batch?: number;
  /** Default 4000. */
  readonly steps?: number;
  /** After how many steps one looks, ascending. Default: after all of them. */
  readonly looks?: readonly number[];
  /** Of the start and of the order of rows. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

export interface TrainedRelu {
  readonly network: DenseNetwork;
  /** θ at each of the looks. */
  readonly states: readonly { readonly step: number; readonly parameters: Float64Array }[];
  /** θ at the end. */
  readonly parameters: Float64Array;
}

/** A ReLU network without biases, trained by stochastic gradients from a start of chosen size: a small one makes it learn features. */
export async function trainRelu(
  engine: Engine,
  {
    x,
    y,
    widths = [64, 64],
    scale = 0.1,
    learningRate = 0.1,
    batch = 64,
    steps = 4000,
    looks = [],
    seed,
    signal,
  }: ReluTraining,
): Promise<TrainedRelu> {
  const network = denseNetwork(engine, {
    inputs: x.cols,
    widths,
    outputs: y.cols,
    parameterization: {
      kind: "standard",
      weightStd: [scale, ...widths.map(() => Math.SQRT2 * scale)],
    },
  });
  const states: { step: number; parameters: Float64Array }[] = [];
  let last: Float64Array | undefined;
  for await (const { step, outcome, parameters } of trainingSteps(network, network.initialize(seed), {
    x,
    y,
    loss: "mean-squares",
    learningRate,
    batch,
    steps,
    seed,
    signal,
  })) {
    if (looks.includes(step)) states.push({ step, parameters: parameters.slice() });
    if (outcome !== "running") last = parameters.slice();
  }
  return { network, states, parameters: last! };
}
