import type { Matrix, MatrixLike } from "../linalg/index.ts";
import { columnOf, type Label, readNumbers, show, type TargetVector } from "./matrix-data.ts";
import {
  type ClassificationScores,
  classificationScores,
  mostLikely,
  type RegressionScores,
  regressionScores,
} from "./scores.ts";

/** What a fit on matrices keeps besides the state of the machine. */
export interface PredictionForm {
  /** The classes in the order of the columns of probabilities; undefined for regression. */
  readonly labels?: readonly Label[] | undefined;
  /** Predictions are a matrix because y was one. */
  readonly matrix: boolean;
}

/** Predictions as users gave their targets: numbers, a matrix, or labels. */
export function decodeOutputs(
  { labels, matrix }: PredictionForm,
  outputs: Matrix<Float64Array>,
): Float64Array | Matrix<Float64Array> | Label[] {
  if (!labels) return matrix ? outputs : outputs.data;
  const chosen = Array.from(mostLikely(outputs), (code) => labels[code]!);
  return typeof labels[0] === "number" ? Float64Array.from(chosen as number[]) : chosen;
}

/** All scores of outputs against the truth: one object for each target column, a single one for classification. */
export function scoreOutputs(
  { labels }: PredictionForm,
  outputs: Matrix<Float64Array>,
  y: TargetVector | readonly Label[] | MatrixLike,
): readonly RegressionScores[] | readonly [ClassificationScores] {
  if (labels) {
    const given = y as readonly Label[];
    if (given.length !== outputs.rows)
      throw new RangeError(`evaluate: y has ${given.length} labels, x has ${outputs.rows} rows`);
    const codes = Int32Array.from(given, (label, i) => {
      const code = labels.indexOf(label);
      if (code < 0)
        throw new RangeError(`evaluate: y[${i}] is ${show(label)}, a class the machine was not fitted on`);
      return code;
    });
    return [classificationScores(codes, outputs)];
  }
  const { target } = readNumbers("evaluate", y as TargetVector | MatrixLike, outputs.rows);
  if (target.cols !== outputs.cols)
    throw new RangeError(`evaluate: y has ${target.cols} columns, the machine predicts ${outputs.cols}`);
  return Array.from({ length: outputs.cols }, (_, l) =>
    regressionScores(columnOf(target, l), columnOf(outputs, l)),
  );
}

/** R² (the mean over target columns) or accuracy. */
export function meanScore(scores: readonly RegressionScores[] | readonly [ClassificationScores]): number {
  const each = scores.map((one) => ("r2" in one ? one.r2 : one.accuracy));
  return each.reduce((sum, value) => sum + value, 0) / each.length;
}
