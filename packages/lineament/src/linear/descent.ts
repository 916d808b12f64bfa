import { breather, type Engine, type Matrix } from "../linalg/index.ts";
import { workspace, type Workspace } from "../networks/index.ts";
import type { Doubles } from "./checks.ts";
import type { EndToEndLoss } from "./end-to-end-loss.ts";
import type { LearningRateRule } from "./learning-rate.ts";
import type { Parameterization } from "./parameterization.ts";

export interface DescentOptions {
  /** η ≥ 0, or a rule that says it anew for every update. */
  readonly learningRate: number | LearningRateRule;
  /** μ of heavy ball: θ_{k+1} = θ_k − η g_k + μ (θ_k − θ_{k−1}). Default 0, gradient descent. */
  readonly momentum?: number;
  /** λ ≥ 0: adds λ θ to the gradients; the loss that is reported is without it. Default 0. */
  readonly weightDecay?: number;
  /** Updates at most; Infinity for no end. */
  readonly steps: number;
  /** Stop when the loss is at most this. Default: never. */
  readonly target?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The state after `step` updates, before the next one. Matrices are buffers: copy what must outlive a further step. */
export interface DescentStep {
  readonly step: number;
  /** ℓ(W); Infinity when it diverged. */
  readonly loss: number;
  /**
   * - running: another update follows
   * - finished: the last step that was asked for
   * - reached: the loss is at the target
   * - diverged: the loss of this step is no finite number; the matrices are those of the step before
   */
  readonly outcome: "running" | "finished" | "reached" | "diverged";
  /** What is trained: layers, or components. */
  readonly parameters: readonly Matrix<Float64Array>[];
  /** W. */
  readonly endToEnd: Matrix<Float64Array>;
  /** ∇ℓ(W). */
  readonly gradient: Matrix<Float64Array>;
}

/** The states 0 … steps of descent on ℓ(W(θ)), fewer when the target is reached or it diverges; in constant memory. */
export async function* descentSteps(
  call: string,
  engine: Engine,
  parameterization: Parameterization,
  start: readonly Doubles[],
  loss: EndToEndLoss,
  options: DescentOptions,
): AsyncGenerator<DescentStep, void> {
  const { learningRate, momentum = 0, weightDecay = 0, steps, target = -Infinity, signal } = options;
  checkOptions(call, options);
  const rateOf = typeof learningRate === "number" ? () => learningRate : learningRate();
  let theta = start.map((w) => copied(engine, w));
  let previous = start.map((w) => copied(engine, w));
  // States alternate between two rooms, so that the one before a divergence is still there.
  const rooms: readonly [Workspace, Workspace] = [workspace(engine), workspace(engine)];
  let last: Pick<DescentStep, "endToEnd" | "gradient"> | undefined;
  const pause = breather(signal);
  for (let step = 0; ; step++) {
    signal?.throwIfAborted();
    const room = rooms[step % 2 === 0 ? 0 : 1];
    room.rewind();
    const { value: w, pull } = await parameterization(theta, room);
    const gradient = room.take(w.rows, w.cols);
    const current = await loss.evaluate(w, gradient);
    if (!Number.isFinite(current)) {
      if (!last)
        throw new RangeError(
          `${call}: the loss at the start is ${current}: start from smaller weights or data`,
        );
      yield { step, loss: Infinity, outcome: "diverged", parameters: previous, ...last };
      return;
    }
    last = { endToEnd: w, gradient };
    const outcome = current <= target ? "reached" : step === steps ? "finished" : "running";
    yield { step, loss: current, outcome, parameters: theta, ...last };
    if (outcome !== "running") return;
    const gradients = await pull(gradient);
    const rate = await rateOf({ step, loss: current, parameters: theta, gradients, ...last });
    checkRate(call, "learningRate", rate);
    theta.forEach((now, j) =>
      descend(previous[j]!.data, now.data, gradients[j]!.data, { rate, momentum, weightDecay }),
    );
    [theta, previous] = [previous, theta];
    await pause();
  }
}

/** θ_{k+1}, written over θ_{k−1}. */
function descend(
  previous: Float64Array,
  theta: Float64Array,
  gradient: Float64Array,
  { rate, momentum, weightDecay }: { rate: number; momentum: number; weightDecay: number },
): void {
  const keep = 1 - rate * weightDecay;
  if (momentum === 0)
    for (let k = 0; k < theta.length; k++) previous[k] = keep * theta[k]! - rate * gradient[k]!;
  else
    for (let k = 0; k < theta.length; k++) {
      const now = theta[k]!;
      previous[k] = keep * now - rate * gradient[k]! + momentum * (now - previous[k]!);
    }
}

function copied(engine: Engine, { data, rows, cols }: Doubles): Doubles {
  const copy = engine.allocate(rows, cols, "float64") as Doubles;
  copy.data.set(data);
  return copy;
}

function checkOptions(call: string, options: DescentOptions): void {
  const { learningRate, momentum = 0, weightDecay = 0, steps } = options;
  if (typeof learningRate === "number") checkRate(call, "learningRate", learningRate);
  checkRate(call, "weightDecay", weightDecay);
  if (!(momentum >= 0 && momentum < 1))
    throw new RangeError(`${call}: momentum is ${momentum}, expected 0 ≤ momentum < 1`);
  if (!(steps === Infinity || (Number.isInteger(steps) && steps >= 0)))
    throw new RangeError(`${call}: steps is ${steps}, expected a whole number ≥ 0, or Infinity`);
}

function checkRate(call: string, name: string, value: number): void {
  if (!(value >= 0 && value < Infinity))
    throw new RangeError(`${call}: ${name} is ${value}, expected a finite number ≥ 0`);
}
