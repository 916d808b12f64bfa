import { checkCount } from "../../linalg/checks.ts";
import { type DescentMethod, momentumOf, stabilityLimit } from "./learning-rates.ts";

/** λ ≥ 0: a number, or a part of the kernel's mean diagonal tr Θ / n. */
export type RidgePenalty = number | { readonly relative: number };

/**
 * How long a network was trained on ½ Σ_i ‖f(x_i) − y_i‖² + ½ λ ‖θ − θ_0‖²: for a time of gradient flow (Infinity is allowed), or for
 * steps of a fixed size. Steps beyond the stability limit throw unless `allowDivergence`. λ (default 0) acts as a regularization of
 * the diagonal: with it the training outputs do not converge to y.
 */
export type TrainingSpan = { readonly ridge?: RidgePenalty | undefined } & (
  | {
      /** In units of learning rate × steps of ½ Σ; see `trainingTime` for other losses. */
      readonly time: number;
      readonly steps?: undefined;
    }
  | (DescentMethod & {
      readonly time?: undefined;
      readonly steps: number;
      /** For the loss ½ Σ. */
      readonly learningRate: number;
      readonly allowDivergence?: boolean | undefined;
    })
);

/** What training does along one eigenvector of the tangent kernel Θ. */
export interface TrainedMode {
  /** g with α = g(Θ) (y − f_0), f = f_0 + Θ α: φ_t(λ) = (1 − e^{−λt}) / λ for the flow. */
  readonly gain: number;
  /** What is left of y − f_0 at the training points, 1 − λ g: e^{−λt} for the flow. */
  readonly residual: number;
}

/** λ as a number. */
export function ridgeOf(call: string, ridge: RidgePenalty, meanVariance: number, name = "ridge"): number {
  const [value, where] = typeof ridge === "number" ? [ridge, name] : [ridge.relative, `${name}.relative`];
  if (!(value >= 0 && value < Infinity))
    throw new RangeError(`${call}: ${where} is ${value}, expected a finite number ≥ 0`);
  return typeof ridge === "number" ? ridge : ridge.relative * meanVariance;
}

/**
 * λ of some training.
 * @throws RangeError unless it says either a time or a number of steps
 */
export function ridgeOfSpan(call: string, span: TrainingSpan, meanVariance: number): number {
  const {
    time,
    steps,
    ridge = 0,
  }: { time?: unknown; steps?: unknown; ridge?: RidgePenalty | undefined } = span ?? {};
  if ((time === undefined) === (steps === undefined))
    throw new RangeError(
      `${call}: the training has ${time === undefined ? "neither a time nor" : "both a time and"} steps, expected { time } or { learningRate, steps }`,
    );
  return ridgeOf(call, ridge, meanVariance);
}

/**
 * Eigenvalue of Θ ↦ what training does to its eigenvector.
 *
 * @param ridge - λ as a number
 * @param largestEigenvalue - of Θ: for the stability limit
 * @param negligible - eigenvalues up to this count as 0 at t = ∞, where 1 / λ would blow rounding up: these modes are left untrained
 */
export function trainedMode(
  call: string,
  training: TrainingSpan,
  { ridge, largestEigenvalue, negligible }: { ridge: number; largestEigenvalue: number; negligible: number },
): (eigenvalue: number) => TrainedMode {
  const progress =
    training.time !== undefined
      ? flow(call, training.time, negligible)
      : descent(call, training, largestEigenvalue + ridge);
  return (eigenvalue) => {
    const shifted = eigenvalue + ridge;
    const { gain, rest } = progress(shifted);
    return { gain, residual: ridge === 0 ? rest : (ridge + eigenvalue * rest) / shifted };
  };
}

/** How far α has come along an eigenvector where dα/dt = 1 − λ α: α itself, and what is left of the way, 1 − λ α. */
interface Progress {
  readonly gain: number;
  readonly rest: number;
}

function flow(call: string, time: number, negligible: number): (lambda: number) => Progress {
  if (!(time >= 0)) throw new RangeError(`${call}: time is ${time}, expected a number ≥ 0`);
  if (time === Infinity)
    return (lambda) => (lambda <= negligible ? { gain: 0, rest: 1 } : { gain: 1 / lambda, rest: 0 });
  return (lambda) => ({ gain: phi(lambda, time), rest: Math.exp(-lambda * time) });
}

/** φ_t(λ) = (1 − e^{−λt}) / λ, t at λ = 0. */
export function phi(lambda: number, time: number): number {
  const x = lambda * time;
  return Math.abs(x) < 1e-5 ? time * (1 - x / 2 + (x * x) / 6) : -Math.expm1(-x) / lambda;
}

function descent(
  call: string,
  training: Exclude<TrainingSpan, { readonly time: number }>,
  largestEigenvalue: number,
): (lambda: number) => Progress {
  const { steps, learningRate, allowDivergence = false } = training;
  checkCount(call, "steps", steps, 0);
  if (!(learningRate > 0 && learningRate < Infinity))
    throw new RangeError(`${call}: learningRate is ${learningRate}, expected a finite number above 0`);
  const limit = stabilityLimit(largestEigenvalue, training);
  if (learningRate >= limit && !allowDivergence)
    throw new RangeError(
      `${call}: a learning rate of ${learningRate} diverges, expected one below ${limit}; or set allowDivergence`,
    );
  const momentum = momentumOf(training);
  if (momentum === 0) return (lambda) => plainDescent(lambda, learningRate, steps);
  const nesterov = training.method === "nesterov";
  return (lambda) => {
    // α ← α + v, v ← μ v + η (1 − λ α), with α + μ v in the gradient's place of α for Nesterov. From α = v = 0.
    const x = learningRate * lambda;
    const kept = nesterov ? momentum * (1 - x) : momentum;
    const gain = affinePower([1 - x, kept, learningRate, -x, kept, learningRate], steps)[2];
    return { gain, rest: 1 - lambda * gain };
  };
}

/** (1 − (1 − ηλ)^k) / λ and (1 − ηλ)^k. */
function plainDescent(lambda: number, learningRate: number, steps: number): Progress {
  const x = learningRate * lambda;
  if (x === 0 || steps === 0) return { gain: steps * learningRate, rest: 1 };
  if (x >= 1) {
    const rest = (1 - x) ** steps;
    return { gain: (1 - rest) / lambda, rest };
  }
  const exponent = steps * Math.log1p(-x);
  return { gain: -Math.expm1(exponent) / lambda, rest: Math.exp(exponent) };
}

/** The map z ↦ [a b; d e] z + [c; f] of the plane, by rows. */
type AffineMap = readonly [number, number, number, number, number, number];

/** The map applied `count` times, by repeated squaring. */
function affinePower(map: AffineMap, count: number): AffineMap {
  let result: AffineMap = [1, 0, 0, 0, 1, 0];
  for (let rest = count, square = map; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = after(square, result);
    square = after(square, square);
  }
  return result;
}

/** First `p`, then `q`. */
function after([a, b, c, d, e, f]: AffineMap, [p, q, r, s, t, u]: AffineMap): AffineMap {
  return [a * p + b * s, a * q + b * t, a * r + b * u + c, d * p + e * s, d * q + e * t, d * r + e * u + f];
}
