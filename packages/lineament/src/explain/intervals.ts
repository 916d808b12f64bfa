import { z } from "zod";
import { type Matrix, permutation, random } from "../linalg/index.ts";
import type { FeatureMachineState } from "../machines/index.ts";

const ascending = z.array(z.number());

/**
 * What prediction intervals need, a plain JSON value: part of the model file. For every target column the spread σ(ŷ) of the
 * error as a piecewise linear function of the prediction (constant outside its knots), and the ascending scaled errors |y − ŷ|/σ(ŷ)
 * of validation rows, of which at most `MOST_SCORES` are kept with their ranks.
 */
export const Intervals = z.strictObject({
  version: z.literal(1),
  /** Validation rows behind the scores. */
  rows: z.int().positive(),
  outputs: z.array(
    z.strictObject({
      knots: ascending.min(1),
      spreads: z.array(z.number().nonnegative()).min(1),
      /** scores[i] is the ranks[i]-th smallest (from 1). */
      scores: ascending,
      ranks: z.array(z.int().positive()),
    }),
  ),
});
export type Intervals = z.output<typeof Intervals>;

/** Lower and upper ends, rows × outputs. */
export interface PredictionIntervals {
  readonly lower: Matrix<Float64Array>;
  readonly upper: Matrix<Float64Array>;
}

/** Below this many validation rows the spread is constant. */
const ROWS_FOR_LOCAL_SPREAD = 200;
const MOST_SCORES = 1000;
const FOLDS = 5;

/**
 * Prepares prediction intervals from predictions of rows that the predicting machines were not fitted on: locally scaled
 * split-conformal intervals ŷ ± q σ(ŷ), q the ⌈(n + 1) coverage⌉-th smallest score |y − ŷ|/σ(ŷ). From 200 rows on σ follows the mean
 * absolute error in bins of the prediction; each row's score uses a σ fitted without its fold, so that scores of new rows are alike.
 *
 * For exchangeable rows the coverage is at least the one asked for, on average over rows, not at every x. Two departures, in opposite
 * directions: the machines were chosen on these validation rows (intervals too narrow, slightly), and the final machine is
 * fitted on more rows than they were (too wide, slightly).
 *
 * @see Lei et al., "Distribution-free predictive inference for regression", JASA 2018, §5.2; Papadopoulos et al., 2008
 * @throws RangeError for a classifier: its probabilities already say how sure it is
 */
export function fitIntervals(
  { predictions, target }: FeatureMachineState["validation"],
  { seed = 0 }: { readonly seed?: number | undefined } = {},
): Intervals {
  if (target.task !== "regression")
    throw new RangeError(
      "fitIntervals: prediction intervals are for regression; a classifier's probabilities are calibrated, and `fitPredictionSets` makes sets of classes",
    );
  const { y } = target;
  if (y.rows === 0) throw new RangeError("fitIntervals: there are no validation rows");
  const outputs = Array.from({ length: y.cols }, (_, l) => {
    const predicted = Float64Array.from({ length: y.rows }, (__, i) => predictions.data[i * y.cols + l]!);
    const errors = predicted.map((value, i) => Math.abs(y.data[i * y.cols + l]! - value));
    const { knots, spreads } = fitSpread(predicted, errors, y.rows >= ROWS_FOR_LOCAL_SPREAD);
    const scores = (
      knots.length === 1
        ? errors.map((error) => scaled(error, spreads[0]!))
        : crossFittedScores(predicted, errors, seed)
    ).sort();
    const ranks = keptRanks(scores.length);
    return { knots, spreads, scores: ranks.map((rank) => scores[rank - 1]!), ranks };
  });
  return { version: 1, rows: y.rows, outputs };
}

/**
 * Intervals around predictions (rows × outputs, in target units) that cover the truth in the given part of new rows.
 *
 * @param coverage - in (0, 1), such as 0.9
 * @throws RangeError when there were too few validation rows for the coverage: n ≥ coverage / (1 − coverage) are needed
 */
export function predictIntervals(
  intervals: Intervals,
  predictions: Matrix,
  coverage: number,
): PredictionIntervals {
  if (!(coverage > 0 && coverage < 1))
    throw new RangeError(
      `predictIntervals: coverage is ${coverage}; it must lie between 0 and 1, such as 0.9`,
    );
  const { rows: n, outputs } = intervals;
  const { rows, cols } = predictions;
  if (cols !== outputs.length)
    throw new RangeError(
      `predictIntervals: predictions have ${cols} columns, the intervals ${outputs.length}`,
    );
  const rank = Math.ceil((n + 1) * coverage - 1e-9);
  if (rank > n) {
    const needed = Math.ceil(coverage / (1 - coverage) - 1e-9);
    throw new RangeError(
      `predictIntervals: coverage ${coverage} needs at least ${needed} validation rows, there are ${n}; ask for at most ${(Math.floor((1000 * n) / (n + 1)) / 1000).toFixed(3)} or fit on more rows`,
    );
  }
  const lower = { data: new Float64Array(rows * cols), rows, cols };
  const upper = { data: new Float64Array(rows * cols), rows, cols };
  outputs.forEach(({ knots, spreads, scores, ranks }, l) => {
    const q = scores[ranks.findIndex((kept) => kept >= rank)]!;
    for (let i = l; i < rows * cols; i += cols) {
      const center = predictions.data[i]!;
      const half = q * spreadAt(knots, spreads, center);
      lower.data[i] = center - half;
      upper.data[i] = center + half;
    }
  });
  return { lower, upper };
}

/** The part of true values inside their intervals, over all rows and outputs. */
export function intervalCoverage({ lower, upper }: PredictionIntervals, y: Matrix): number {
  let inside = 0;
  for (let i = 0; i < y.data.length; i++)
    if (y.data[i]! >= lower.data[i]! && y.data[i]! <= upper.data[i]!) inside++;
  return inside / y.data.length;
}

/**
 * σ(ŷ): mean absolute error in up to 12 bins of equal count of the prediction (each at least 25 rows), winsorized at four times
 * the bin's median so that single outliers do not widen a whole range, smoothed with the neighboring bins (¼, ½, ¼), and lifted
 * to a tenth of the overall mean at least. Zero only where all errors are. Without `local`: the mean absolute error.
 */
function fitSpread(
  predicted: Float64Array,
  errors: Float64Array,
  local: boolean,
): { knots: number[]; spreads: number[] } {
  const n = predicted.length;
  const overall = errors.reduce((sum, error) => sum + error, 0) / n;
  const constant = { knots: [0], spreads: [overall] };
  if (!local) return constant;
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => predicted[a]! - predicted[b]!);
  const bins = Math.min(12, Math.floor(n / 25));
  const knots: number[] = [];
  const raw: number[] = [];
  for (let bin = 0; bin < bins; bin++) {
    const rows = order.slice(Math.floor((bin * n) / bins), Math.floor(((bin + 1) * n) / bins));
    const own = Float64Array.from(rows, (i) => errors[i]!).sort();
    const cut = 4 * own[own.length >> 1]!;
    const center = rows.reduce((sum, i) => sum + predicted[i]!, 0) / rows.length;
    const mean = own.reduce((sum, error) => sum + (cut > 0 ? Math.min(error, cut) : error), 0) / own.length;
    if (knots.length > 0 && center <= knots.at(-1)!) continue;
    knots.push(center);
    raw.push(mean);
  }
  if (knots.length < 2) return constant;
  const at = (i: number): number => raw[Math.min(raw.length - 1, Math.max(0, i))]!;
  return {
    knots,
    spreads: raw.map((_, i) => Math.max(0.1 * overall, (at(i - 1) + 2 * at(i) + at(i + 1)) / 4)),
  };
}

/** |error|/σ, σ fitted on the other folds. */
function crossFittedScores(predicted: Float64Array, errors: Float64Array, seed: number): Float64Array {
  const order = permutation(predicted.length, random(seed));
  const scores = new Float64Array(predicted.length);
  for (let fold = 0; fold < FOLDS; fold++) {
    const others = order.filter((_, at) => at % FOLDS !== fold);
    const { knots, spreads } = fitSpread(
      Float64Array.from(others, (i) => predicted[i]!),
      Float64Array.from(others, (i) => errors[i]!),
      true,
    );
    order.forEach((i, at) => {
      if (at % FOLDS === fold) scores[i] = scaled(errors[i]!, spreadAt(knots, spreads, predicted[i]!));
    });
  }
  return scores;
}

/** error/σ, where σ = 0 means that no error was ever seen. */
function scaled(error: number, spread: number): number {
  return spread > 0 ? error / spread : error === 0 ? 0 : Number.MAX_VALUE;
}

function spreadAt(knots: readonly number[], spreads: readonly number[], prediction: number): number {
  const last = knots.length - 1;
  if (!(prediction > knots[0]!)) return spreads[0]!;
  if (prediction >= knots[last]!) return spreads[last]!;
  const at = knots.findIndex((knot) => knot > prediction);
  const t = (prediction - knots[at - 1]!) / (knots[at]! - knots[at - 1]!);
  return spreads[at - 1]! + t * (spreads[at]! - spreads[at - 1]!);
}

/** All ranks, or evenly spaced ones and all of the largest tenth as far as there is room: a missing rank is rounded up, never down. */
function keptRanks(n: number): number[] {
  if (n <= MOST_SCORES) return Array.from({ length: n }, (_, i) => i + 1);
  const half = MOST_SCORES / 2;
  const split = Math.floor(n * 0.9);
  const spaced = (from: number, to: number): number[] =>
    Array.from({ length: half }, (_, i) => from + Math.ceil(((i + 1) * (to - from)) / half));
  return [...new Set([...spaced(0, split), ...spaced(split, n)])];
}

/** What sets of classes need, a plain JSON value. */
export const PredictionSets = z.strictObject({
  version: z.literal(1),
  rows: z.int().positive(),
  /** Ascending 1 − p(true class) of validation rows, with their ranks from 1. */
  scores: ascending,
  ranks: z.array(z.int().positive()),
});
export type PredictionSets = z.output<typeof PredictionSets>;

/**
 * Prepares sets of classes that hold the true one with a stated probability (split-conformal): the classes with
 * p ≥ 1 − q, q the ⌈(n + 1) coverage⌉-th smallest 1 − p(true class) of the validation rows.
 *
 * @see Sadinle, Lei and Wasserman, "Least ambiguous set-valued classifiers with bounded error levels", JASA 2019
 */
export function fitPredictionSets({
  predictions,
  target,
}: FeatureMachineState["validation"]): PredictionSets {
  if (target.task !== "classification")
    throw new RangeError(
      "fitPredictionSets: sets of classes are for classification; use `fitIntervals` for regression",
    );
  const scores = Float64Array.from(
    target.labels,
    (label, i) => 1 - predictions.data[i * target.classes + label]!,
  ).sort();
  if (scores.length === 0) throw new RangeError("fitPredictionSets: there are no validation rows");
  const ranks = keptRanks(scores.length);
  return { version: 1, rows: scores.length, scores: ranks.map((rank) => scores[rank - 1]!), ranks };
}

/** The classes of each row's set, most probable first; the most probable one is always in it. All classes when there are too few validation rows. */
export function predictSets(
  { rows: n, scores, ranks }: PredictionSets,
  probabilities: Matrix,
  coverage: number,
): number[][] {
  if (!(coverage > 0 && coverage < 1))
    throw new RangeError(`predictSets: coverage is ${coverage}; it must lie between 0 and 1, such as 0.9`);
  const { rows, cols, data } = probabilities;
  const rank = Math.ceil((n + 1) * coverage - 1e-9);
  const q = rank > n ? 1 : scores[ranks.findIndex((kept) => kept >= rank)]!;
  return Array.from({ length: rows }, (_, i) => {
    const order = Array.from({ length: cols }, (__, k) => k).sort(
      (a, b) => data[i * cols + b]! - data[i * cols + a]!,
    );
    return order.filter((k, at) => at === 0 || data[i * cols + k]! >= 1 - q);
  });
}
