/** Options of `integrate`. */
export interface IntegrateOptions {
  /** Largest error of a step, as a fraction of the largest entry of the state. Default 1e-11. */
  readonly tolerance?: number;
  /** Default 1e6. */
  readonly maxSteps?: number;
}

/**
 * The states x(t) at the given times of ẋ = velocity(x), x(0) = start, by the Runge–Kutta method of order 5 with an error
 * estimate of order 4 and adaptive steps.
 *
 * @param times - ascending, 0 or later
 * @throws RangeError when the solution escapes, or needs more than `maxSteps`
 * @see Dormand & Prince, J. Comput. Appl. Math. 6 (1980)
 */
export function integrate(
  velocity: (state: readonly number[]) => readonly number[],
  start: readonly number[],
  times: readonly number[],
  { tolerance = 1e-11, maxSteps = 1e6 }: IntegrateOptions = {},
): number[][] {
  if (!times.every((t, i) => t >= (times[i - 1] ?? 0) && t < Infinity))
    throw new RangeError(`integrate: times ${times.join(", ")}; give finite times, ascending from 0`);
  let time = 0;
  let state = start;
  let slope = velocity(start);
  let step = 1e-3 * (largest(start) / largest(slope) || 1);
  let steps = 0;
  return times.map((end) => {
    while (time < end) {
      if (++steps > maxSteps || !(time + step > time))
        throw new RangeError(
          `integrate: stuck at t = ${time} of ${end} after ${steps - 1} steps; the solution escapes or is too stiff`,
        );
      const rest = end - time;
      // A rest that is a hair longer than the step would leave a crumb.
      const length = step * (1 + 1e-9) >= rest ? rest : step;
      const slopes = [slope];
      let next = state;
      for (const weights of stages) {
        next = moved(state, combined(slopes, weights), length);
        slopes.push(velocity(next));
      }
      const error = largest(combined(slopes, difference)) * length;
      const allowed = tolerance * Math.max(largest(state), largest(next));
      // Fails for NaN, and then the step shrinks.
      const accepted = error <= allowed;
      const wanted = length * (error === 0 ? 5 : Math.min(5, 0.9 * (allowed / error) ** (1 / 5) || 0.2));
      if (accepted) {
        time = length === rest ? end : time + length;
        state = next;
        slope = slopes.at(-1)!;
      }
      // A step cut short to meet a time says nothing against the longer one.
      step = accepted ? Math.max(wanted, length < step ? step : 0) : Math.max(wanted, length / 5);
    }
    return [...state];
  });
}

/** Weights of the slopes so far in stages 2 to 7; the last are those of the new state, whose slope starts the next step. */
const stages = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
] as const;

/** Weights of the solution of order 5 less those of order 4. */
const difference = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40] as const;

/** Σ_j weights_j slopes_j. */
function combined(slopes: readonly (readonly number[])[], weights: readonly number[]): number[] {
  return slopes[0]!.map((_, i) => weights.reduce((sum, weight, j) => sum + weight * slopes[j]![i]!, 0));
}

function moved(state: readonly number[], slope: readonly number[], length: number): number[] {
  return state.map((value, i) => value + length * slope[i]!);
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
