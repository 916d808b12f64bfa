import type { Matrix } from "../linalg/index.ts";
import { linearizedSharpness } from "./linearized-sharpness.ts";
import type { LossName } from "./loss.ts";
import type { Model } from "./model.ts";
import { trainingSteps } from "./train.ts";

export interface CatapultOptions {
  /** n × d. */
  readonly x: Matrix;
  /** n × O. */
  readonly y: Matrix;
  /** Default half-mean-squares, 1/(2n) Σ (f − y)². */
  readonly loss?: LossName;
  /** k = η λ₀: the learning rate in units of 1/λ₀, λ₀ the `linearizedSharpness` at θ₀. A linear model diverges above 2. */
  readonly multiple: number;
  /** Updates at most. */
  readonly steps: number;
  /** Stop when the loss is at most this. Default: never. */
  readonly target?: number;
  /** λ is looked at every so many steps, besides the first and the last. Default Infinity. */
  readonly every?: number;
  /** A loss of more than this times the first one counts as divergence. Default 1e12; a catapult's peak is of the order of the width. */
  readonly ceiling?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A descent that began at a learning rate of k/λ₀. */
export interface Catapult {
  /** η. */
  readonly learningRate: number;
  /** After 0, 1, … updates. The last one may be Infinity when it diverged. */
  readonly losses: readonly number[];
  /** λ where it was looked at, step 0 first; not at the end of a descent that diverged. */
  readonly sharpness: readonly { readonly step: number; readonly value: number }[];
  readonly outcome: "finished" | "reached" | "diverged";
  /** f(θ, x) at the end: n × O. */
  readonly outputs: Matrix<Float64Array>;
  /** θ at the end. */
  readonly parameters: Float64Array;
}

/**
 * Gradient descent at a learning rate of `multiple` in units of 1/λ₀, with its losses and the sharpness λ of its linearizations.
 * Above 2 a linear model diverges. A wide network, and its quadratic model, are catapulted instead: the loss grows until it
 * is of the order of the width, λ falls below 2/η, and the loss converges; above about 4 they diverge as well.
 *
 * To compare the three, start `network`, `quadratize(network, theta0)` (or `frozenGates`) and `linearize(network, theta0)` from the
 * same `theta0`: they agree on λ₀, hence on the learning rate.
 *
 * @param theta0 - left as it is
 * @throws RangeError for sizes or numbers that make no sense, or when the tangent kernel is 0 at the start
 * @see Zhu, Liu, Radhakrishnan and Belkin, arXiv:2205.11787; Lewkowycz et al., arXiv:2003.02218
 */
export async function catapult(
  model: Model,
  theta0: Float64Array,
  options: CatapultOptions,
): Promise<Catapult> {
  const { x, y, loss = "half-mean-squares", multiple, steps, every = Infinity, ceiling = 1e12 } = options;
  const { signal, target = -Infinity } = options;
  if (!(multiple > 0 && multiple < Infinity))
    throw new RangeError(`catapult: multiple is ${multiple}, expected a number > 0`);
  if (!(every === Infinity || (Number.isInteger(every) && every >= 1)))
    throw new RangeError(`catapult: every is ${every}, expected a whole number ≥ 1, or Infinity`);
  if (!(ceiling > 1)) throw new RangeError(`catapult: ceiling is ${ceiling}, expected a number > 1`);
  const sharpnessAt = (theta: Float64Array): Promise<number> =>
    linearizedSharpness(model, theta, x, y, { loss, signal });
  const start = await sharpnessAt(theta0);
  if (!(start > 0))
    throw new RangeError(
      "catapult: the tangent kernel is 0 at the start, no learning rate is k/λ₀; start elsewhere",
    );

  const learningRate = multiple / start;
  const losses: number[] = [];
  const sharpness = [{ step: 0, value: start }];
  const descent = { x, y, loss, learningRate, steps, target, signal };
  for await (const { step, outputs, parameters, ...state } of trainingSteps(model, theta0, descent)) {
    losses.push(state.loss);
    const outcome = state.loss > ceiling * losses[0]! ? "diverged" : state.outcome;
    if (step > 0 && outcome !== "diverged" && (step % every === 0 || outcome !== "running"))
      sharpness.push({ step, value: await sharpnessAt(parameters) });
    if (outcome !== "running") return { learningRate, losses, sharpness, outcome, outputs, parameters };
  }
  throw new Error("catapult: training ended without an outcome");
}
