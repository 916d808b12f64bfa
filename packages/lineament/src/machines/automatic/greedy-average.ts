import { type Matrix, zeros } from "../../linalg/index.ts";

/**
 * Greedy averaging: starting from nothing, add (with repetition) whichever prediction makes the average best, `steps`
 * times, and keep the best average on the way.
 *
 * @param predictions - candidates' predictions of the same rows
 * @param loss - smaller is better
 * @param members - at most this many different ones
 * @returns weights that sum to 1, most of them 0
 * @see Caruana et al., "Ensemble selection from libraries of models", ICML 2004
 */
export function greedyAverage(predictions: readonly Matrix[], loss: (average: Matrix) => number, steps: number, members: number): Float64Array {
  const first = predictions[0];
  if (!first) return new Float64Array(0);
  const sum = zeros(first.rows, first.cols);
  const trial = zeros(first.rows, first.cols);
  const counts = new Float64Array(predictions.length);
  let best = { loss: Infinity, counts: counts.slice(), steps: 1 };
  for (let step = 1; step <= steps; step++) {
    const full = counts.filter((count) => count > 0).length >= members;
    let chosen = -1;
    let chosenLoss = Infinity;
    predictions.forEach((prediction, at) => {
      if (full && counts[at] === 0) return;
      for (let i = 0; i < trial.data.length; i++) trial.data[i] = (sum.data[i]! + prediction.data[i]!) / step;
      const value = loss(trial);
      if (value < chosenLoss) [chosen, chosenLoss] = [at, value];
    });
    if (chosen < 0) break;
    counts[chosen]!++;
    for (let i = 0; i < sum.data.length; i++) sum.data[i]! += predictions[chosen]!.data[i]!;
    if (chosenLoss < best.loss) best = { loss: chosenLoss, counts: counts.slice(), steps: step };
  }
  return best.counts.map((count) => count / best.steps);
}
