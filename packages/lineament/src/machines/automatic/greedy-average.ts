import { type Matrix, zeros } from "../../linalg/index.ts";

export interface GreedyOptions {
  /** Length of the average, repetitions counted. */
  readonly steps: number;
  /** At most this many different predictions. */
  readonly members: number;
  /** Start from the plain average of the first so many predictions. Default 0. */
  readonly initial?: number;
  /** Loss that a step must save to be worth it: shorter averages win ties. Default 0. */
  readonly penalty?: number;
}

/**
 * Greedy averaging: starting from nothing (or the first few), add (with repetition) whichever prediction makes the average
 * best, and keep the best average on the way.
 *
 * @param predictions - candidates' predictions of the same rows
 * @param loss - smaller is better
 * @returns weights that sum to 1, most of them 0
 * @see Caruana et al., "Ensemble selection from libraries of models", ICML 2004
 */
export function greedyAverage(
  predictions: readonly Matrix[],
  loss: (average: Matrix) => number,
  { steps, members, initial = 0, penalty = 0 }: GreedyOptions,
): Float64Array {
  const first = predictions[0];
  if (!first) return new Float64Array(0);
  const sum = zeros(first.rows, first.cols);
  const trial = zeros(first.rows, first.cols);
  const counts = new Float64Array(predictions.length);
  let size = 0;
  let best = { value: Infinity, counts, size: 1 };
  const add = (at: number): void => {
    counts[at]!++;
    size++;
    for (let i = 0; i < sum.data.length; i++) sum.data[i]! += predictions[at]!.data[i]!;
  };
  const record = (value: number): void => {
    if (value + penalty * size < best.value)
      best = { value: value + penalty * size, counts: counts.slice(), size };
  };
  const lossWith = (prediction: Matrix | undefined): number => {
    const count = size + (prediction ? 1 : 0);
    for (let i = 0; i < trial.data.length; i++)
      trial.data[i] = (sum.data[i]! + (prediction?.data[i] ?? 0)) / count;
    return loss(trial);
  };
  for (let at = 0; at < Math.min(initial, predictions.length, members); at++) add(at);
  if (size > 0) record(lossWith(undefined));
  while (size < steps) {
    const full = counts.filter((count) => count > 0).length >= members;
    let chosen = -1;
    let chosenLoss = Infinity;
    predictions.forEach((prediction, at) => {
      if (full && counts[at] === 0) return;
      const value = lossWith(prediction);
      if (value < chosenLoss) [chosen, chosenLoss] = [at, value];
    });
    if (chosen < 0) break;
    add(chosen);
    record(chosenLoss);
  }
  return best.counts.map((count) => count / best.size);
}
