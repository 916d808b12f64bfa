import { describe, expect, test } from "vitest";
import { matrix } from "../../src/linalg/index.ts";
import {
  classificationScores,
  confusion,
  logLoss,
  mostLikely,
  regressionScores,
} from "../../src/machines/index.ts";
import golden from "./golden/scores.json" with { type: "json" };

const rowsOf = (rows: readonly (readonly number[])[]) =>
  matrix(Float64Array.from(rows.flat()), rows.length, rows[0]!.length);

test.each(golden.regression)(
  "regression scores are scikit-learn's ($r2)",
  ({ y, prediction, weights, r2, rmse, mae }) => {
    const scores = regressionScores(y, prediction, weights ?? undefined);
    expect(scores.r2).toBeCloseTo(r2, 12);
    expect(scores.rmse).toBeCloseTo(rmse, 12);
    expect(scores.mae).toBeCloseTo(mae, 12);
  },
);

test.each(golden.classification)("classification scores are scikit-learn's ($accuracy)", (expected) => {
  const probabilities = rowsOf(expected.probabilities);
  const scores = classificationScores(expected.labels, probabilities);
  for (const name of ["accuracy", "logLoss", "brier", "auc", "f1"] as const)
    expect(scores[name]).toBeCloseTo(expected[name], 12);
  expect(confusion(expected.labels, mostLikely(probabilities), probabilities.cols)).toEqual(
    expected.confusion,
  );
});

describe("by hand", () => {
  test("regression", () => {
    // ȳ = 2, Σ(y − ȳ)² = 2, Σ(y − f)² = 1 + 0 + 4
    expect(regressionScores([1, 2, 3], [2, 2, 1])).toEqual({ r2: 1 - 5 / 2, rmse: Math.sqrt(5 / 3), mae: 1 });
  });

  test("weights count rows", () => {
    expect(regressionScores([1, 2, 3], [2, 2, 1], [1, 2, 1])).toEqual(
      regressionScores([1, 2, 2, 3], [2, 2, 2, 1]),
    );
  });

  test("classification", () => {
    const scores = classificationScores(
      [0, 1, 1, 0],
      rowsOf([
        [0.9, 0.1],
        [0.4, 0.6],
        [0.8, 0.2],
        [0.5, 0.5],
      ]),
    );
    expect(scores.accuracy).toBe(0.75); // the tie goes to class 0
    expect(scores.logLoss).toBeCloseTo(
      -(Math.log(0.9) + Math.log(0.6) + Math.log(0.2) + Math.log(0.5)) / 4,
      14,
    );
    expect(scores.brier).toBeCloseTo((0.01 + 0.16 + 0.64 + 0.25) / 4, 14);
    expect(scores.auc).toBe(0.75); // of the pairs 0.6 > 0.1, 0.6 > 0.5, 0.2 > 0.1, 0.2 < 0.5 three are right
    expect(scores.f1).toBeCloseTo(2 / 3, 14); // precision 1, recall ½
  });

  test("equal scores are half right", () => {
    expect(
      classificationScores(
        [0, 1],
        rowsOf([
          [0.5, 0.5],
          [0.5, 0.5],
        ]),
      ).auc,
    ).toBe(0.5);
  });
});

describe("at the edges", () => {
  test("a constant target scores 1 when hit exactly, else 0", () => {
    expect(regressionScores([2, 2], [2, 2]).r2).toBe(1);
    expect(regressionScores([2, 2], [2, 3]).r2).toBe(0);
  });

  test("a probability of 0 costs −log 10⁻⁶", () =>
    expect(logLoss([0], rowsOf([[0, 1]]))).toBeCloseTo(6 * Math.log(10), 12));

  test("rows of one class have no ROC curve, and no NaN", () => {
    const scores = classificationScores(
      [1, 1],
      rowsOf([
        [0.2, 0.8],
        [0.4, 0.6],
      ]),
    );
    expect(scores.auc).toBeUndefined();
    expect(scores.f1).toBe(1);
    expect(scores.accuracy).toBe(1);
  });

  test("a class that no row has or claims is left out of the mean curve and counts 0 in F1", () => {
    const scores = classificationScores(
      [0, 1],
      rowsOf([
        [0.8, 0.1, 0.1],
        [0.1, 0.8, 0.1],
      ]),
    );
    expect(scores.auc).toBe(1);
    expect(scores.f1).toBeCloseTo(2 / 3, 14);
  });
});
