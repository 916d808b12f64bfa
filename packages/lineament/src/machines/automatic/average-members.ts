import { type Matrix, zeros } from "../../linalg/index.ts";
import { type Calibration, calibrate, fitCalibration } from "../calibration.ts";
import type { Target } from "../learning-problem.ts";
import { validationLoss } from "./evaluation.ts";

/** What a member predicts for rows it was not fitted on, and its share in the average. */
export interface WeightedPredictions {
  readonly predictions: Matrix<Float64Array>;
  readonly weight: number;
}

/** Predictions of an average, and how good they are. */
export interface AveragePredictions {
  /** Of the averaged probabilities; undefined for regression. */
  readonly calibration: Calibration | undefined;
  readonly predictions: Matrix<Float64Array>;
  readonly loss: number;
}

/** The sum of weight × predictions; probabilities are calibrated again, by a temperature near 1 because the members are calibrated already. */
export function averageMembers(
  members: readonly WeightedPredictions[],
  target: Target,
  weights: Float64Array | undefined,
): AveragePredictions {
  const [{ predictions: first }] = members as [WeightedPredictions];
  const averaged = zeros(first.rows, first.cols);
  for (const { predictions, weight } of members)
    for (let at = 0; at < averaged.data.length; at++) averaged.data[at]! += weight * predictions.data[at]!;
  if (target.task === "regression")
    return {
      calibration: undefined,
      predictions: averaged,
      loss: validationLoss(averaged, target, weights),
    };
  const { slope } = fitCalibration("logarithmic", averaged, target.labels, weights);
  const calibration: Calibration = { kind: "logarithmic", slope: Math.min(1.5, Math.max(0.7, slope)) };
  const predictions = calibrate(calibration, averaged);
  return { calibration, predictions, loss: validationLoss(predictions, target, weights) };
}

/** The same members, their weights as parts of one. */
export function withUnitWeight<T extends { readonly weight: number }>(members: readonly T[]): T[] {
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  return members.map((member) => ({ ...member, weight: member.weight / total }));
}
