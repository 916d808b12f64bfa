import { type Engine, type Matrix, permutation, random, rowRange } from "../linalg/index.ts";
import { breather } from "../linalg/queue.ts";
import { checkInputs, checkOutputs, checkParameters } from "./checks.ts";
import { type LossName, lossOf } from "./loss.ts";
import type { Model } from "./model.ts";
import { type Workspace, workspace } from "./workspace.ts";

export interface TrainingOptions {
  /** n × d. */
  readonly x: Matrix;
  /** n × O targets; labels ±1 for the logistic loss. */
  readonly y: Matrix;
  /** Default half-squares, ½ Σ (f − y)². */
  readonly loss?: LossName;
  /** η > 0; a parameter with multiplier ρ learns at the rate η ρ. */
  readonly learningRate: number;
  /** μ of heavy ball: θ_{k+1} = θ_k − η g_k + μ (θ_k − θ_{k−1}). Default 0, gradient descent. */
  readonly momentum?: number;
  /** Updates at most. */
  readonly steps: number;
  /** Rows of each gradient: random order, every row once a pass (the last batch of a pass may be smaller). Default: all rows. */
  readonly batch?: number;
  /** Seed of the order of rows. Default 0. */
  readonly seed?: number;
  /** Stop when the loss is at most this. Default: never. */
  readonly target?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The state after `step` updates, before the next one. Matrices are views of buffers: copy what must outlive a further step. */
export interface TrainingStep {
  readonly step: number;
  /** Of the rows of the batch; Infinity when it diverged. */
  readonly loss: number;
  /**
   * - running: another update follows
   * - finished: the last step that was asked for
   * - reached: the loss is at the target
   * - diverged: the loss of this step is no finite number; outputs and parameters are those of the step before
   */
  readonly outcome: "running" | "finished" | "reached" | "diverged";
  /** f(θ, x) at the rows of the batch. */
  readonly outputs: Matrix<Float64Array>;
  readonly parameters: Float64Array;
}

/**
 * Trains a model step by step: gradient descent, heavy ball or stochastic gradients. Yields the states 0 … steps (fewer when the
 * target is reached or training diverges); the last one says how it ended. Memory does not grow with the number of steps.
 *
 * @param theta0 - where it starts; left as it is
 * @throws RangeError for sizes, rates or numbers that make no sense; the signal's reason when aborted
 */
export async function* trainingSteps(
  model: Model,
  theta0: Float64Array,
  options: TrainingOptions,
): AsyncGenerator<TrainingStep, void> {
  const { learningRate, momentum = 0, steps, target = -Infinity, signal } = options;
  const data = checked(model, theta0, options);
  const loss = lossOf(options.loss ?? "half-squares");
  const { engine } = model;
  const draw = batches(engine, data, options);
  const start: Matrix<Float64Array> = { data: theta0, rows: 1, cols: theta0.length };
  let theta = copied(engine, start).data;
  let previous = copied(engine, start).data;
  const room = workspace(engine);
  const kept = workspace(engine);
  let outputs: Matrix<Float64Array> | undefined;
  const pause = breather(signal);
  for (let step = 0; ; step++) {
    signal?.throwIfAborted();
    room.rewind();
    const { x, y } = draw(room);
    const { value, pull } = await model.pullback(theta, x, room);
    const current = loss.value(value, y);
    if (!Number.isFinite(current)) {
      if (!outputs)
        throw new RangeError(
          `train: the loss at the start is ${current}: start from smaller parameters or data`,
        );
      yield { step, loss: Infinity, outcome: "diverged", outputs, parameters: previous };
      return;
    }
    kept.rewind();
    outputs = kept.take(value.rows, value.cols);
    outputs.data.set(value.data);
    const outcome = current <= target ? "reached" : step === steps ? "finished" : "running";
    yield { step, loss: current, outcome, outputs, parameters: theta };
    if (outcome !== "running") return;
    const r = room.take(value.rows, value.cols);
    loss.slopes(value, y, r.data);
    descend(previous, theta, await pull(r), learningRate, momentum, model.rates);
    [theta, previous] = [previous, theta];
    await pause();
  }
}

/** Trains a model to the end: the last of its `trainingSteps`. */
export async function train(
  model: Model,
  theta0: Float64Array,
  options: TrainingOptions,
): Promise<TrainingStep> {
  let last: TrainingStep | undefined;
  for await (const step of trainingSteps(model, theta0, options)) last = step;
  return last!;
}

/** θ_{k+1} = θ_k − η ρ ⊙ g + μ (θ_k − θ_{k−1}), written over θ_{k−1}. */
function descend(
  previous: Float64Array,
  theta: Float64Array,
  gradient: Float64Array,
  eta: number,
  mu: number,
  rates: Float64Array | undefined,
): void {
  if (rates) for (let k = 0; k < gradient.length; k++) gradient[k]! *= rates[k]!;
  if (mu === 0) for (let k = 0; k < theta.length; k++) previous[k] = theta[k]! - eta * gradient[k]!;
  else
    for (let k = 0; k < theta.length; k++) {
      const now = theta[k]!;
      previous[k] = now - eta * gradient[k]! + mu * (now - previous[k]!);
    }
}

interface Examples {
  readonly x: Matrix<Float64Array>;
  readonly y: Matrix<Float64Array>;
}

/** What the next step sees; batches are gathered in the room. */
function batches(
  engine: Engine,
  { x, y }: Examples,
  options: TrainingOptions,
): (room: Workspace) => Examples {
  const n = x.rows;
  const { batch = n, seed = 0 } = options;
  if (batch === n) {
    const all = { x: copied(engine, x), y: copied(engine, y) };
    return () => all;
  }
  const generator = random(seed);
  let order = permutation(n, generator);
  let next = 0;
  return (room) => {
    if (next === n) {
      order = permutation(n, generator);
      next = 0;
    }
    const rows = order.subarray(next, Math.min(n, next + batch));
    next += rows.length;
    return { x: gathered(x, rows, room), y: gathered(y, rows, room) };
  };
}

function gathered(a: Matrix<Float64Array>, rows: Int32Array, room: Workspace): Matrix<Float64Array> {
  const result = room.take(rows.length, a.cols);
  rows.forEach((row, i) => result.data.set(rowRange(a, row, row + 1).data, i * a.cols));
  return result;
}

function copied(engine: Engine, { data, rows, cols }: Matrix<Float64Array>): Matrix<Float64Array> {
  const copy = engine.allocate(rows, cols, "float64") as Matrix<Float64Array>;
  copy.data.set(data);
  return copy;
}

function checked(model: Model, theta0: Float64Array, options: TrainingOptions): Examples {
  const { learningRate, momentum = 0, steps, batch, target = -Infinity, loss } = options;
  checkParameters("train", "theta0", model, theta0);
  const x = checkInputs("train", model, options.x);
  const y = checkOutputs("train", "y", model, x.rows, options.y);
  if (x.rows === 0) throw new RangeError("train: x has no rows, expected at least one");
  for (const [name, numbers] of Object.entries({ theta0, y: y.data }))
    if (!numbers.every(Number.isFinite))
      throw new RangeError(`train: ${name} has entries that are no finite numbers`);
  if (loss === "logistic" && !y.data.every((label) => Math.abs(label) === 1))
    throw new RangeError("train: y has entries other than ±1, the labels of the logistic loss");
  if (!(learningRate > 0 && learningRate < Infinity))
    throw new RangeError(`train: learningRate is ${learningRate}, expected a number > 0`);
  if (!(momentum >= 0 && momentum < 1))
    throw new RangeError(`train: momentum is ${momentum}, expected 0 ≤ momentum < 1`);
  if (!(Number.isInteger(steps) && steps >= 0))
    throw new RangeError(`train: steps is ${steps}, expected a whole number ≥ 0`);
  if (Number.isNaN(target)) throw new RangeError("train: target is NaN, expected a loss");
  if (batch !== undefined && !(Number.isInteger(batch) && batch >= 1 && batch <= x.rows))
    throw new RangeError(
      `train: batch is ${batch}, expected a whole number from 1 to ${x.rows}, the rows of x`,
    );
  return { x, y };
}
