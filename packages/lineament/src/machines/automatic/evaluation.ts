import {
  type Engine,
  type Matrix,
  type Points,
  type Precision,
  random,
  takeRows,
  zeros,
} from "../../linalg/index.ts";
import type { Metric } from "../../kernels/index.ts";
import { type Calibration, calibrate, fitCalibration, smoothedLogLoss } from "../calibration.ts";
import {
  type FeatureProblem,
  type FeatureSettings,
  firstMetric,
  nextMetric,
  roundPredictions,
  solveRound,
} from "../feature-round.ts";
import {
  decodeValues,
  encodeTarget,
  fitTargetCoding,
  type LearningProblem,
  takeProblem,
  takeTarget,
  type Target,
  type TargetCoding,
} from "../learning-problem.ts";
import { squaredError } from "../squared-error.ts";
import type { EarlyEnd } from "../unless-enough.ts";
import type { Split } from "../validation.ts";
import { applyView, fitView, type ViewKind } from "../view.ts";

/** One way to set up a machine, up to its ridges. */
export interface MachineSetup {
  readonly view: ViewKind;
  readonly targetMeans: boolean;
  /** Fit the logarithm of the target. */
  readonly logarithm: boolean;
  readonly settings: FeatureSettings;
}

/** Which ridges a round may choose among. */
export type RidgeRule =
  | { readonly kind: "search" }
  /** A coarser search, for a first comparison: the next one looks closer. */
  | { readonly kind: "coarse" }
  /** Near the path that another comparison chose; searching goes on after its end. */
  | { readonly kind: "near"; readonly path: readonly number[] }
  | { readonly kind: "fixed"; readonly ridges: readonly number[] };

/** A machine after some rounds, judged on rows it was not fitted on. */
export interface Evaluated {
  readonly setup: MachineSetup;
  /** The ridge of every round up to this one: what a refit replays. Its length is the number of solves. */
  readonly ridges: readonly number[];
  /** Predictions of all validation rows: targets in their units, or calibrated probabilities. */
  readonly predictions: Matrix<Float64Array>;
  /** Mean squared error relative to the variance, or smoothed log loss. */
  readonly loss: number;
  readonly calibration: Calibration | undefined;
}

/** Ridges of the first round, and the factors on the last choice, or on the one to be replayed, that are tried then. */
const FIRST_RIDGES = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10];
const NEXT_RIDGES = [0.2, 0.5, 1, 2, 5];
const FEW_RIDGES = [0.3, 1, 3];
const RIDGE_RANGE = [2e-5, 50] as const;

/** One way of dividing rows into training and validation, on which candidates are compared. */
export interface Arena extends ValidationTruth {
  /**
   * The machine after each round: before any metric update, and after each of at most `rounds` of them. When it is enough, there
   * is no further round; the first one there always is.
   */
  evaluate(setup: MachineSetup, rounds: number, ridges?: RidgeRule, ends?: EarlyEnd): Promise<Evaluated[]>;
}

/** What is true at the validation rows of all folds, one fold after the other: the rows of `Evaluated.predictions`. */
export interface ValidationTruth {
  readonly target: Target;
  readonly weights: Float64Array | undefined;
}

export interface ArenaOptions {
  /** Rounds go on while the loss stays below this multiple of the best. Default 1.03. */
  readonly stopFactor?: number;
  readonly seed: number;
}

export function validationTruth(
  { target, weights }: LearningProblem,
  folds: readonly Split[],
): ValidationTruth {
  const rows = Int32Array.from(folds.flatMap(({ validation }) => [...validation]));
  return {
    target: takeTarget(target, rows),
    weights: weights && Float64Array.from(rows, (i) => weights[i]!),
  };
}

/**
 * Prepares the comparison of candidates on the given folds. All folds of a candidate go through the rounds together: each
 * round's ridge is the one with the least pooled validation error, so a refit can replay one path of ridges.
 */
export function createArena(
  engine: Engine,
  problem: LearningProblem,
  folds: readonly Split[],
  { stopFactor = 1.03, seed }: ArenaOptions,
): Arena {
  const parts = folds.map(({ train, validation }) => ({
    train: takeProblem(problem, train),
    validation: takeProblem(problem, validation),
  }));
  const { target, weights } = validationTruth(problem, folds);
  const largest = Math.max(...folds.map(({ train }) => train.length));
  const memories = new Map<Precision, Matrix>();
  const scratchFor = (precision: Precision): Matrix => {
    const memory = memories.get(precision) ?? engine.allocate(largest, largest, precision);
    memories.set(precision, memory);
    return memory;
  };
  const prepared = new Map<string, { problem: FeatureProblem; validation: Points; coding: TargetCoding }[]>();

  const prepare = ({
    view,
    targetMeans,
    logarithm,
  }: MachineSetup): { problem: FeatureProblem; validation: Points; coding: TargetCoding }[] => {
    const key = JSON.stringify([view, targetMeans, logarithm]);
    let ready = prepared.get(key);
    if (!ready) {
      ready = parts.map(({ train, validation }) => {
        const coding = fitTargetCoding(train.target, logarithm, train.weights);
        const y = encodeTarget(coding, train.target);
        const { x, groups, blockSizes, rawScale, weights: w } = train;
        const fitted = fitView(view, targetMeans, { x, y, groups, blockSizes, rawScale });
        return {
          problem: { x: applyView(fitted, x, blockSizes.length), blockSizes, y, weights: w },
          validation: applyView(fitted, validation.x, blockSizes.length),
          coding,
        };
      });
      prepared.set(key, ready);
    }
    return ready;
  };

  const evaluate = async (
    setup: MachineSetup,
    rounds: number,
    rule: RidgeRule = { kind: "search" },
    { signal, enough }: EarlyEnd = {},
  ): Promise<Evaluated[]> => {
    const { settings } = setup;
    const states = prepare(setup).map((state, f) => ({
      ...state,
      metric: firstMetric(state.problem) as Metric | undefined,
      generator: random(seed + 7 * f),
    }));
    const results: Evaluated[] = [];
    let last: number | undefined;
    let bestError = Infinity;
    for (let t = 0; t <= rounds; t++) {
      const ridges = ridgesOf(rule, t, last);
      const errors = new Float64Array(ridges.length);
      const solved = [];
      for (const [f, state] of states.entries()) {
        const n = state.problem.y.rows;
        const k = { data: scratchFor(settings.precision).data.subarray(0, n * n), rows: n, cols: n };
        const round = await solveRound(
          engine,
          state.problem,
          settings,
          state.metric!,
          ridges,
          k,
          state.generator,
          { signal, refinements: 0 },
        );
        const values = await roundPredictions(engine, round, state.validation, settings.precision, signal);
        const y = encodeTarget(state.coding, parts[f]!.validation.target);
        values.forEach(
          (value, at) =>
            (errors[at]! += value ? squaredError(value, y, parts[f]!.validation.weights) : Infinity),
        );
        solved.push({ round, values });
      }
      const best = errors.indexOf(errors.reduce((a, b) => (b < a || Number.isNaN(a) ? b : a)));
      const error = errors[best]!;
      if (!Number.isFinite(error)) break;
      last = ridges[best]!;
      const decoded = concatenate(
        solved.map(({ values }, f) => decodeValues(states[f]!.coding, values[best]!)),
      );
      const path = [...(results.at(-1)?.ridges ?? []), last];
      results.push({ setup, ridges: path, ...judgePredictions(decoded, target, weights) });
      bestError = Math.min(bestError, error);
      if (t === rounds || error > stopFactor * bestError || enough?.aborted) break;
      let informative = true;
      for (const [f, state] of states.entries()) {
        const { round } = solved[f]!;
        state.metric = await nextMetric(
          engine,
          state.problem,
          settings,
          round,
          round.solutions[best]!.coefficients!,
          state.generator,
          signal,
        );
        informative &&= state.metric !== undefined;
      }
      if (!informative) break;
    }
    return results;
  };

  return { target, weights, evaluate };
}

function ridgesOf(rule: RidgeRule, round: number, last: number | undefined): readonly number[] {
  if (rule.kind === "fixed") return rule.ridges;
  const near = rule.kind === "near" ? rule.path[round] : undefined;
  const wanted =
    near !== undefined
      ? FEW_RIDGES.map((f) => f * near)
      : last === undefined
        ? FIRST_RIDGES
        : (rule.kind === "coarse" ? FEW_RIDGES : NEXT_RIDGES).map((f) => f * last);
  return wanted.filter((ridge) => ridge >= RIDGE_RANGE[0] && ridge <= RIDGE_RANGE[1]);
}

/** Loss of pooled decoded values, after calibration for classes: the better of the two kinds. */
export function judgePredictions(
  decoded: Matrix<Float64Array>,
  target: Target,
  weights: Float64Array | undefined,
): Pick<Evaluated, "predictions" | "loss" | "calibration"> {
  if (target.task === "regression")
    return { predictions: decoded, loss: validationLoss(decoded, target, weights), calibration: undefined };
  const part = calibrationRows(decoded, target.labels, weights);
  const calibrations = (["logarithmic", "linear"] as const).map((kind) => {
    const calibration = fitCalibration(kind, part.scores, part.labels, part.weights);
    const predictions = calibrate(calibration, decoded);
    return { predictions, loss: validationLoss(predictions, target, weights), calibration };
  });
  return calibrations.reduce((a, b) => (b.loss < a.loss ? b : a));
}

/** Evenly spaced rows, at most 2,000: more do not change a calibration that has one number a class. */
function calibrationRows(
  scores: Matrix<Float64Array>,
  labels: Int32Array,
  weights: Float64Array | undefined,
): { scores: Matrix; labels: Int32Array; weights: Float64Array | undefined } {
  const step = Math.ceil(labels.length / 2000);
  if (step === 1) return { scores, labels, weights };
  const rows = Int32Array.from({ length: Math.floor(labels.length / step) }, (_, i) => i * step);
  return {
    scores: takeRows(scores, rows),
    labels: rows.map((i) => labels[i]!),
    weights: weights && Float64Array.from(rows, (i) => weights[i]!),
  };
}

/** Regression: mean over outputs of 1 − R². Classification: smoothed log loss. */
export function validationLoss(predictions: Matrix, target: Target, weights?: ArrayLike<number>): number {
  if (target.task === "classification") return smoothedLogLoss(predictions, target.labels, weights);
  const { y } = target;
  let loss = 0;
  for (let l = 0; l < y.cols; l++) {
    let total = 0;
    let mean = 0;
    for (let i = 0; i < y.rows; i++) {
      const w = weights?.[i] ?? 1;
      total += w;
      mean += w * y.data[i * y.cols + l]!;
    }
    mean /= total;
    let error = 0;
    let variance = 0;
    for (let i = 0; i < y.rows; i++) {
      const w = weights?.[i] ?? 1;
      error += w * (predictions.data[i * y.cols + l]! - y.data[i * y.cols + l]!) ** 2;
      variance += w * (y.data[i * y.cols + l]! - mean) ** 2;
    }
    loss += (variance > 0 ? error / variance : error) / y.cols;
  }
  return Number.isFinite(loss) ? loss : Infinity;
}

function concatenate(parts: readonly Matrix<Float64Array>[]): Matrix<Float64Array> {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const out = zeros(rows, parts[0]?.cols ?? 0);
  let at = 0;
  for (const part of parts) {
    out.data.set(part.data, at);
    at += part.data.length;
  }
  return out;
}
