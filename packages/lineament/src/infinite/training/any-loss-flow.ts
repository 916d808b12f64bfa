import { type Engine, type Matrix, rungeKutta, type RungeKuttaReport } from "../../linalg/index.ts";
import {
  checkBlocks,
  checkInitial,
  checkTargets,
  float64,
  type InitialOutputs,
  type KernelBlocks,
  meanVariance,
} from "./kernel-blocks.ts";
import type { FlowLoss } from "./losses.ts";
import { product } from "./prediction.ts";
import { maximalLearningRate } from "./learning-rates.ts";
import { ridgeOf, type RidgePenalty } from "./training-span.ts";

/** Outputs at one time. */
export interface FlowState {
  readonly time: number;
  /** n × c. */
  readonly train: Matrix<Float64Array>;
  /** m × c; undefined without `testTrain`. */
  readonly test: Matrix<Float64Array> | undefined;
  /** α, n × c: f = f_0 + Θ α, and the parameters moved by θ − θ_0 = Jᵀ α. */
  readonly coefficients: Matrix<Float64Array>;
  /** ℓ(f, y), without the ridge. */
  readonly loss: number;
}

export interface AnyLossFlow extends RungeKuttaReport {
  /** At the times asked for, as far as they were reached. */
  readonly states: readonly FlowState[];
}

/**
 * Training by gradient flow under any differentiable loss, of one network (or linearized model) with tangent kernel Θ:
 *
 *     dα/dt = −∂ℓ/∂f − λ α,  f = f_0 + Θ α,  f_* = f_{0,*} + Θ_*d α
 *
 * solved by Runge–Kutta 5(4); about λ_max t ‖∂²ℓ/∂f²‖ / 3.3 steps of six products at least. For squares `trainingFlow` is exact.
 * Time is in units of learning rate × steps of ℓ as it stands, a sum or a mean.
 *
 * @param options.loss - `logisticLoss`, `softmaxLoss`, `squareLoss`, or any other
 * @param options.initial - outputs at time 0; default 0
 * @param options.times - ascending, ≥ 0
 * @param options.ridge - λ of a penalty ½ λ ‖θ − θ_0‖²; default 0
 * @param options.tolerance - of a step, as a part of f and α; default 1e-10
 * @throws RangeError for blocks, targets or times that do not fit, and kernels found not to be positive semidefinite
 */
export async function anyLossFlow(
  engine: Engine,
  {
    ntk,
    targets,
    loss,
    initial,
    times,
    ridge = 0,
    tolerance = 1e-10,
    maxSteps,
    signal,
  }: {
    readonly ntk: KernelBlocks;
    readonly targets: Matrix;
    readonly loss: FlowLoss;
    readonly initial?: InitialOutputs | undefined;
    readonly times: readonly number[];
    readonly ridge?: RidgePenalty | undefined;
    readonly tolerance?: number;
    readonly maxSteps?: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<AnyLossFlow> {
  const call = "anyLossFlow";
  checkBlocks(call, "ntk", ntk);
  const theta = float64(ntk.trainTrain);
  const testTrain = ntk.testTrain && float64(ntk.testTrain);
  checkTargets(call, targets, theta.rows);
  const y = float64(targets);
  loss.checkTargets?.(y);
  if (initial !== undefined) checkInitial(call, initial, targets, testTrain);
  times.forEach((time, i) => {
    if (!(time >= (times[i - 1] ?? 0) && time < Infinity))
      throw new RangeError(`${call}: times[${i}] is ${time}, expected finite times ≥ 0 in ascending order`);
  });
  await maximalLearningRate(engine, theta, {}, { tolerance: 1e-2, signal }); // for its check of the eigenvalues
  const lambda = ridgeOf(call, ridge, meanVariance(theta));
  const { rows, cols } = y;
  const shaped = (data: Float64Array): Matrix<Float64Array> => ({ data, rows, cols });
  const size = rows * cols;

  // State: f, then α. The loss sees f itself, so that its error is under control whatever Θ is.
  const start = new Float64Array(2 * size);
  if (initial !== undefined) start.set(initial.train.data);
  const velocity = engine.allocate(rows, cols, "float64") as Matrix<Float64Array>;
  const derivative = async (_: number, state: Float64Array): Promise<Float64Array> => {
    loss.slopes(shaped(state.subarray(0, size)), y, velocity.data);
    for (let at = 0; at < size; at++) velocity.data[at] = -velocity.data[at]! - lambda * state[size + at]!;
    const image = await product(engine, { a: theta, b: velocity, symmetricA: true });
    const result = new Float64Array(2 * size);
    result.set(image.data);
    result.set(velocity.data, size);
    return result;
  };

  const end = times.at(-1) ?? 0;
  const { states, outcome, steps, rejected, evaluations } = await rungeKutta(derivative, start, 0, end, {
    times,
    tolerance,
    signal,
    ...(maxSteps === undefined ? {} : { maxSteps }),
  });
  const described: FlowState[] = [];
  for (const [i, state] of states.entries()) {
    const train = shaped(state.slice(0, size));
    const coefficients = shaped(state.slice(size));
    const test = testTrain && (await product(engine, { a: testTrain, b: coefficients, plus: initial?.test }));
    described.push({ time: times[i]!, train, test, coefficients, loss: loss.value(train, y) });
  }
  return { states: described, outcome, steps, rejected, evaluations };
}
