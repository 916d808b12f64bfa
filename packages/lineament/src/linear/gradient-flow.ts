import {
  type Derivative,
  type Engine,
  type Matrix,
  type MatrixLike,
  rungeKutta,
  type RungeKuttaOptions,
  type RungeKuttaReport,
  zeros,
} from "../linalg/index.ts";
import { workspace } from "../networks/index.ts";
import { checkCount, checkNumbers, checkShape, type Doubles } from "./checks.ts";
import type { EndToEndLoss } from "./end-to-end-loss.ts";
import { layerProduct } from "./layer-product.ts";
import { checkNetwork, type LinearNetwork } from "./linear-network.ts";
import { checkLoss } from "./network-descent.ts";
import type { Parameterization } from "./parameterization.ts";
import { endToEndVelocity } from "./preconditioner.ts";

export interface FlowOptions extends RungeKuttaOptions {
  /** Where the solution is returned: ascending times ≥ 0, the start being 0. Integration ends at the last. */
  readonly times: readonly number[];
}

/** How integration ended, and the states at the times asked for, as far as they were reached. */
export interface Flow<State> extends RungeKuttaReport {
  readonly times: readonly number[];
  readonly states: readonly State[];
}

/**
 * Gradient flow of the layers, Ẇ_j = −∂φ/∂W_j − λ W_j, by adaptive integration. Without weight decay it conserves all
 * imbalances; with it, D_j(t) = e^{−2λt} D_j(0).
 *
 * @param network - the start
 * @param options.weightDecay - λ ≥ 0, default 0
 * @throws RangeError for weights, times or tolerances that make no sense, or a loss of another shape
 */
export async function factorFlow(
  engine: Engine,
  network: LinearNetwork,
  loss: EndToEndLoss,
  options: FlowOptions & { readonly weightDecay?: number },
): Promise<Flow<LinearNetwork>> {
  const layers = checkNetwork("factorFlow", network);
  checkLoss("factorFlow", layers, loss);
  const { weightDecay = 0 } = options;
  if (!(weightDecay >= 0 && weightDecay < Infinity))
    throw new RangeError(`factorFlow: weightDecay is ${weightDecay}, expected a finite number ≥ 0`);
  return parameterFlow("factorFlow", engine, layerProduct(engine), layers, loss, options);
}

/**
 * The flow of the end-to-end matrix of N balanced layers, vec(Ẇ) = −P_W vec(∇ℓ(W)), with no layers at all.
 *
 * @param w - the start
 * @param options.depth - N ≥ 1
 * @throws RangeError for a matrix, depth, times or tolerances that make no sense, or a loss of another shape
 * @see Arora, Cohen and Hazan, arXiv:1802.06509, Theorem 1
 */
export async function endToEndFlow(
  engine: Engine,
  w: MatrixLike,
  loss: EndToEndLoss,
  { depth, ...options }: FlowOptions & { readonly depth: number },
): Promise<Flow<Matrix<Float64Array>>> {
  const start = checkShape("endToEndFlow", "w", w, loss);
  checkCount("endToEndFlow", "depth", depth);
  const { rows, cols } = start;
  const gradient = zeros(rows, cols);
  const derivative: Derivative = async (_, data) => {
    const point = { data, rows, cols };
    if (data.every(Number.isFinite)) await loss.evaluate(point, gradient);
    // A trial step may lead out of the finite numbers: integration shortens it.
    if (![data, gradient.data].every((numbers) => numbers.every(Number.isFinite))) return data.map(() => NaN);
    return (await endToEndVelocity(engine, point, gradient, depth)).data;
  };
  return flow("endToEndFlow", derivative, start.data, options, (data) => ({ data, rows, cols }));
}

/**
 * The flow of singular values on ½ ‖W − Φ‖² when W starts with the singular vectors of Φ: each by itself,
 * σ̇ = N |σ|^{2−2/N} (φ − σ). From small starts they rise one after another, large φ first.
 *
 * @param start - σ(0), of any sign: what shares a sign with φ reaches it, what does not goes to 0 for N ≥ 2
 * @param targets - φ
 * @param options.depth - N ≥ 1
 * @throws RangeError for numbers, depths, times or tolerances that make no sense
 * @see Arora et al., arXiv:1905.13655; Saxe, McClelland and Ganguli, arXiv:1312.6120
 */
export async function singularValueFlow(
  start: ArrayLike<number>,
  targets: ArrayLike<number>,
  { depth, ...options }: FlowOptions & { readonly depth: number },
): Promise<Flow<Float64Array>> {
  checkCount("singularValueFlow", "depth", depth);
  const sigma = checkNumbers("singularValueFlow", "start", start);
  const phi = checkNumbers("singularValueFlow", "targets", targets);
  if (sigma.length === 0 || phi.length !== sigma.length)
    throw new RangeError(
      `singularValueFlow: start has ${sigma.length} numbers and targets ${phi.length}, expected as many, at least one`,
    );
  const derivative: Derivative = (_, values) =>
    values.map((value, r) => depth * Math.abs(value) ** (2 - 2 / depth) * (phi[r]! - value));
  return flow("singularValueFlow", derivative, sigma, options, (values) => values);
}

/** θ̇ = −∂ℓ/∂θ − λ θ for any parameterization of W. */
export async function parameterFlow(
  call: string,
  engine: Engine,
  parameterization: Parameterization,
  start: readonly Doubles[],
  loss: EndToEndLoss,
  { weightDecay = 0, ...options }: FlowOptions & { readonly weightDecay?: number },
): Promise<Flow<readonly Doubles[]>> {
  const size = start.reduce((sum, { data }) => sum + data.length, 0);
  const views = (flat: Float64Array): readonly Doubles[] => {
    let at = 0;
    return start.map(({ rows, cols }) => ({ data: flat.subarray(at, (at += rows * cols)), rows, cols }));
  };
  const y0 = new Float64Array(size);
  views(y0).forEach(({ data }, j) => data.set(start[j]!.data));
  const velocity = new Float64Array(size);
  const parts = views(velocity);
  const room = workspace(engine);
  const derivative: Derivative = async (_, flat) => {
    room.rewind();
    const theta = views(flat);
    const { value, pull } = await parameterization(theta, room);
    const gradient = room.take(value.rows, value.cols);
    await loss.evaluate(value, gradient);
    const gradients = await pull(gradient);
    parts.forEach(({ data }, j) => {
      const [w, g] = [theta[j]!.data, gradients[j]!.data];
      for (let k = 0; k < data.length; k++) data[k] = -g[k]! - weightDecay * w[k]!;
    });
    return velocity;
  };
  return flow(call, derivative, y0, options, views);
}

async function flow<State>(
  call: string,
  derivative: Derivative,
  start: Float64Array,
  { times, ...options }: FlowOptions,
  stateOf: (flat: Float64Array) => State,
): Promise<Flow<State>> {
  const end = times.at(-1);
  if (end === undefined) throw new RangeError(`${call}: times is empty, expected at least one`);
  if (!times.every((time, i) => time >= (times[i - 1] ?? 0) && time < Infinity))
    throw new RangeError(
      `${call}: times are ${times.join(", ")}, expected ascending finite numbers ≥ 0, the start being 0`,
    );
  const solution = await rungeKutta(derivative, start, 0, end, { times, ...options });
  const { outcome, steps, rejected, evaluations, states } = solution;
  return { outcome, steps, rejected, evaluations, times: solution.times, states: states.map(stateOf) };
}
