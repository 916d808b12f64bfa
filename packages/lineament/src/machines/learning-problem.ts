import { type Matrix, type Points, rowRange, takeRows } from "../linalg/index.ts";
import {
  type ClassCoding,
  classCoding,
  classFrequencies,
  decodeScores,
  encodeClasses,
} from "./class-coding.ts";
import { fitTargetScaling, scaleTargets, type TargetScaling, unscaleTargets } from "./target-scaling.ts";
import type { OneHotGroup } from "./view.ts";

/** What is to be predicted. Regression may have several columns; labels are class numbers 0 … classes − 1. */
export type Target =
  | { readonly task: "regression"; readonly y: Matrix }
  | { readonly task: "classification"; readonly labels: Int32Array; readonly classes: number };

/** Rows, targets and what is known about them: everything a feature machine learns from. */
export interface LearningProblem {
  readonly x: Points;
  /** Levels of each categorical block of x. */
  readonly blockSizes: readonly number[];
  /** One-hot coordinates of x that belong together. */
  readonly groups: readonly OneHotGroup[];
  /** Factors that give each coordinate of x back in its raw unit; 1 when absent. */
  readonly rawScale?: ArrayLike<number> | undefined;
  readonly target: Target;
  /** One positive weight a row. */
  readonly weights?: Float64Array | undefined;
  /** Rows with the same number are never divided between training and validation. */
  readonly rowGroups?: Int32Array | undefined;
}

/** How targets became numbers that a least-squares machine fits, and how its values become predictions again. */
export type TargetCoding =
  | ({ readonly task: "regression" } & TargetScaling)
  | ({ readonly task: "classification" } & ClassCoding);

/**
 * Learns from training targets how they become numbers: mean and deviation (of the logarithm, if asked for) of each target
 * column, or the frequencies of the classes.
 *
 * @param logarithm - for regression; the targets must then be positive
 */
export function fitTargetCoding(
  target: Target,
  logarithm: boolean,
  weights?: ArrayLike<number>,
): TargetCoding {
  return target.task === "regression"
    ? { task: "regression", ...fitTargetScaling(target.y, logarithm, weights) }
    : { task: "classification", ...classCoding(classFrequencies(target.labels, target.classes, weights)) };
}

/** Encoded targets, n × c. */
export function encodeTarget(coding: TargetCoding, target: Target): Matrix<Float64Array> {
  if (coding.task === "regression" && target.task === "regression") return scaleTargets(coding, target.y);
  if (coding.task === "classification" && target.task === "classification")
    return encodeClasses(coding, target.labels);
  throw new TypeError("encodeTarget: the coding is of another task");
}

/** Regression: predictions in the units of y. Classification: uncalibrated class scores. */
export function decodeValues(coding: TargetCoding, values: Matrix): Matrix<Float64Array> {
  return coding.task === "regression" ? unscaleTargets(coding, values) : decodeScores(coding, values);
}

/** The problem of some of the rows. */
export function takeProblem(problem: LearningProblem, rows: Int32Array): LearningProblem {
  const { x, blockSizes, groups, rawScale, target, weights, rowGroups } = problem;
  return {
    x: takePoints(x, rows, blockSizes.length),
    blockSizes,
    groups,
    rawScale,
    target: takeTarget(target, rows),
    weights: weights && Float64Array.from(rows, (i) => weights[i]!),
    rowGroups: rowGroups && Int32Array.from(rows, (i) => rowGroups[i]!),
  };
}

/** The targets of some of the rows, in that order, copied. */
export function takeTarget(target: Target, rows: Int32Array): Target {
  return target.task === "regression"
    ? { task: "regression", y: takeRows(target.y, rows) }
    : {
        task: "classification",
        labels: Int32Array.from(rows, (i) => target.labels[i]!),
        classes: target.classes,
      };
}

/** The problem with weights n / (K n_k), times the given ones, so that every class counts the same. Regression as it is. */
export function withBalancedClasses(problem: LearningProblem): LearningProblem {
  const { target, weights } = problem;
  if (target.task === "regression") return problem;
  const counts = new Float64Array(target.classes);
  for (const label of target.labels) counts[label]!++;
  const n = target.labels.length;
  return {
    ...problem,
    weights: Float64Array.from(
      target.labels,
      (label, i) => ((weights?.[i] ?? 1) * n) / (target.classes * counts[label]!),
    ),
  };
}

/** The rows of `points` at `indices`, with the levels of their categorical blocks. */
export function takePoints(points: Points, indices: ArrayLike<number>, blocks: number): Points {
  const coordinates = takeRows(points.coordinates, indices);
  if (!points.levels) return { coordinates };
  const levels = new Int32Array(indices.length * blocks);
  for (let i = 0; i < indices.length; i++)
    levels.set(points.levels.subarray(indices[i]! * blocks, (indices[i]! + 1) * blocks), i * blocks);
  return { coordinates, levels };
}

/** Rows start … end − 1 of points, sharing memory. */
export function pointRange(
  { coordinates, levels }: Points,
  start: number,
  end: number,
  blocks: number,
): Points {
  const range = rowRange(coordinates, start, end);
  return levels
    ? { coordinates: range, levels: levels.subarray(start * blocks, end * blocks) }
    : { coordinates: range };
}
