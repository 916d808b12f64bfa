import { checkCount } from "./checks.ts";
import { breather } from "./queue.ts";

/** (t, y) ↦ dy/dt. `y` must not be changed; the result is copied, so one buffer may serve all calls. */
export type Derivative = (t: number, y: Float64Array) => Float64Array | Promise<Float64Array>;

export interface RungeKuttaOptions {
  /** Largest error a step may make in any component, as a part of its size. Default 1e-8. */
  readonly tolerance?: number;
  /** Added to that: what components near 0 may err. Default: the tolerance. */
  readonly absoluteTolerance?: number;
  /** Default: from the derivative and its change (Hairer, Nørsett and Wanner, §II.4). */
  readonly firstStep?: number;
  /** Steps, rejected ones included. Default 100,000. */
  readonly maxSteps?: number;
  readonly signal?: AbortSignal | undefined;
}

/** An accepted step. */
export interface RungeKuttaStep {
  readonly from: number;
  readonly t: number;
  /** y(t); it stays as it is. */
  readonly y: Float64Array;
  /** y at a time of this step, from `from` to `t`, by the continuous extension of order 4. Only until the next step is asked for. */
  readonly at: (time: number) => Float64Array;
}

/**
 * `stuck`: no step, however small, meets the tolerance; the solution has a singularity there, or the derivative is not finite.
 */
export interface RungeKuttaReport {
  readonly outcome: "reached" | "out-of-steps" | "stuck";
  readonly steps: number;
  readonly rejected: number;
  /** Calls of the derivative. */
  readonly evaluations: number;
}

export interface RungeKuttaSolution extends RungeKuttaReport {
  /** The times asked for, as far as they were reached. */
  readonly times: readonly number[];
  /** y at each of them. */
  readonly states: readonly Float64Array[];
  /** Where integration ended: t1 when `reached`. */
  readonly t: number;
  readonly y: Float64Array;
}

/**
 * Solves dy/dt = f(t, y), y(t0) = y0 up to t1 (before or after t0) by the adaptive Runge–Kutta method 5(4) of Dormand and Prince.
 * Explicit: steps are at most about 3.3 / ‖∂f/∂y‖ however smooth the solution is.
 *
 * @param options.times - where the solution is returned, in the order of integration, within t0 … t1; default t1 alone
 * @throws RangeError when times or tolerances make no sense, y0 or f(t0, y0) is not finite, or f has another length
 * @see Dormand and Prince 1980; Hairer, Nørsett and Wanner, "Solving Ordinary Differential Equations I", §II.4–6
 */
export async function rungeKutta(
  derivative: Derivative,
  y0: Float64Array,
  t0: number,
  t1: number,
  { times = [t1], ...options }: RungeKuttaOptions & { readonly times?: readonly number[] } = {},
): Promise<RungeKuttaSolution> {
  checkInterval(t0, t1);
  const forward = Math.sign(t1 - t0);
  times.forEach((time, i) => {
    const earlier = i === 0 ? t0 : times[i - 1]!;
    if (!((time - earlier) * forward >= 0 && (t1 - time) * forward >= 0) || (forward === 0 && time !== t0))
      throw new RangeError(
        `rungeKutta: times[${i}] is ${time}, expected one between ${earlier} and ${t1}, in the order of integration`,
      );
  });
  const states: Float64Array[] = [];
  let t = t0;
  let y: Float64Array = y0.slice();
  while (states.length < times.length && times[states.length] === t0) states.push(y.slice());
  const steps = rungeKuttaSteps(derivative, y0, t0, t1, options);
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return { ...value, times: times.slice(0, states.length), states, t, y };
    ({ t, y } = value);
    while (states.length < times.length && (t - times[states.length]!) * forward >= 0)
      states.push(value.at(times[states.length]!));
  }
}

/** The accepted steps of `rungeKutta` one by one, for whoever watches a solution or stops at an event; returns the report. */
export async function* rungeKuttaSteps(
  derivative: Derivative,
  y0: Float64Array,
  t0: number,
  t1: number,
  {
    tolerance = 1e-8,
    absoluteTolerance = tolerance,
    firstStep,
    maxSteps = 100_000,
    signal,
  }: RungeKuttaOptions = {},
): AsyncGenerator<RungeKuttaStep, RungeKuttaReport, void> {
  checkInterval(t0, t1);
  for (const [name, value] of Object.entries({ tolerance, absoluteTolerance, firstStep: firstStep ?? 1 }))
    if (!(value > 0 && value < Infinity))
      throw new RangeError(`rungeKutta: ${name} is ${value}, expected a finite number above 0`);
  checkCount("rungeKutta", "maxSteps", maxSteps);
  const n = y0.length;
  if (!y0.every(Number.isFinite)) throw new RangeError("rungeKutta: y0 is not finite");

  let [steps, rejected, evaluations] = [0, 0, 0];
  const report = (outcome: RungeKuttaReport["outcome"]): RungeKuttaReport => ({
    outcome,
    steps,
    rejected,
    evaluations,
  });
  const evaluate = async (t: number, y: Float64Array, into: Float64Array): Promise<void> => {
    evaluations++;
    const value = await derivative(t, y);
    if (value.length !== n)
      throw new RangeError(`rungeKutta: the derivative has ${value.length} entries, expected ${n}`);
    into.set(value);
  };
  /** max |x| in units of what may be wrong at y (and z). */
  const size = (x: Float64Array, y: Float64Array, z = y): number => {
    let largest = 0;
    for (let i = 0; i < n; i++) {
      const ratio =
        Math.abs(x[i]!) / (absoluteTolerance + tolerance * Math.max(Math.abs(y[i]!), Math.abs(z[i]!)));
      if (!(ratio <= largest)) largest = ratio; // a NaN stays
    }
    return largest;
  };

  if (t0 === t1) return report("reached");
  const forward = Math.sign(t1 - t0);
  const k = STAGES.map(() => new Float64Array(n));
  const [first, last] = [k[0]!, k[6]!];
  let t = t0;
  let y: Float64Array = y0.slice();
  await evaluate(t, y, first);
  if (!first.every(Number.isFinite)) throw new RangeError("rungeKutta: the derivative at t0 is not finite");

  const initialStep = async (): Promise<number> => {
    const [d0, d1] = [size(y, y), size(first, y)];
    const guess = Math.min(d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : (0.01 * d0) / d1, Math.abs(t1 - t0));
    await evaluate(t + forward * guess, combination(y, forward * guess, k, [1]), last);
    const change = last.map((value, i) => value - first[i]!);
    const d2 = size(change, y) / guess;
    const largest = Math.max(d1, d2);
    const step = largest <= 1e-15 ? Math.max(1e-6, guess * 1e-3) : (0.01 / largest) ** 0.2;
    return Number.isFinite(step) ? Math.min(100 * guess, step) : guess;
  };

  let step = firstStep ?? (await initialStep());
  let earlierError = 1e-4;
  let grow = 10; // not right after a rejection
  const pause = breather(signal);
  while (steps + rejected < maxSteps) {
    signal?.throwIfAborted();
    const lastStep = Math.abs(t1 - t) <= 1.01 * step;
    const h = lastStep ? t1 - t : forward * step;
    if (!lastStep && t + 0.1 * h === t) return report("stuck");
    let next = y;
    for (let s = 1; s < 7; s++) {
      next = combination(y, h, k, STAGES[s]!);
      await evaluate(t + NODES[s]! * h, next, k[s]!);
    }
    const error = size(combination(undefined, h, k, ERROR), y, next);
    await pause();
    if (!(error <= 1)) {
      rejected++;
      grow = 1;
      step = Math.abs(h) * Math.max(0.2, Number.isFinite(error) ? 0.9 * error ** -0.2 : 0);
      continue;
    }
    steps++;
    const from = t;
    const start = y;
    [t, y] = [lastStep ? t1 : t + h, next];
    yield { from, t, y: y.slice(), at: (time) => interpolated(start, next, k, h, (time - from) / h) };
    if (lastStep) return report("reached");
    first.set(last);
    // The error before this one steadies the step where stability limits it.
    const factor = 0.9 * error ** -0.17 * earlierError ** 0.04;
    step = Math.abs(h) * Math.max(0.2, Math.min(grow, factor));
    earlierError = Math.max(error, 1e-4);
    grow = 10;
  }
  return report("out-of-steps");
}

function checkInterval(t0: number, t1: number): void {
  for (const [name, value] of Object.entries({ t0, t1 }))
    if (!Number.isFinite(value))
      throw new RangeError(`rungeKutta: ${name} is ${value}, expected a finite time`);
}

/** Weights of the earlier stages in each stage; the last is the solution of order 5. */
const STAGES: readonly (readonly number[])[] = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];

const NODES = [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];

/** Order 5 minus order 4. */
const ERROR = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];

/** The term of highest degree in the continuous extension (Hairer, Nørsett and Wanner, §II.6). */
const DENSE = [
  -12715105075 / 11282082432,
  0,
  87487479700 / 32700410799,
  -10690763975 / 1880347072,
  701980252875 / 199316789632,
  -1453857185 / 822651844,
  69997945 / 29380423,
];

/** y + h Σ_s weights_s k_s. */
function combination(
  y: Float64Array | undefined,
  h: number,
  k: readonly Float64Array[],
  weights: readonly number[],
): Float64Array {
  const result = new Float64Array(k[0]!.length);
  weights.forEach((weight, s) => {
    if (weight === 0) return;
    const stage = k[s]!;
    for (let i = 0; i < result.length; i++) result[i]! += weight * stage[i]!;
  });
  for (let i = 0; i < result.length; i++) result[i] = (y === undefined ? 0 : y[i]!) + h * result[i]!;
  return result;
}

/** y(from + θ h). */
function interpolated(
  from: Float64Array,
  to: Float64Array,
  k: readonly Float64Array[],
  h: number,
  theta: number,
): Float64Array {
  const rest = 1 - theta;
  const quartic = combination(undefined, h, k, DENSE);
  return from.map((value, i) => {
    const difference = to[i]! - value;
    const start = h * k[0]![i]! - difference;
    const end = difference - h * k[6]![i]! - start;
    return value + theta * (difference + rest * (start + theta * (end + rest * quartic[i]!)));
  });
}
