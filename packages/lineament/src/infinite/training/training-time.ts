import { checkCount } from "../../linalg/checks.ts";

/** The unit of `time` wherever predictions are made. */
export const timeUnit = "learning rate × steps of ½ Σ_i ‖f(x_i) − y_i‖²";

/**
 * The time t of these predictions, learning rate × steps of ½ Σ_i ‖f(x_i) − y_i‖², that steps of another loss amount to:
 *
 * - `half-sum`, ½ Σ (f − y)²: t = η k
 * - `half-mean`, 1/(2N) Σ (f − y)²: t = η k / N
 * - `mean`, 1/N Σ (f − y)²: t = 2 η k / N
 *
 * @param options.examples - N, what the loss divides by: examples, or examples × outputs where it is a mean over all entries.
 * `half-sum` does not need it.
 */
export function trainingTime({
  loss,
  learningRate,
  steps,
  examples,
}: {
  readonly loss: "half-sum" | "half-mean" | "mean";
  readonly learningRate: number;
  readonly steps: number;
  readonly examples?: number;
}): number {
  if (!(learningRate > 0 && learningRate < Infinity))
    throw new RangeError(`trainingTime: learningRate is ${learningRate}, expected a finite number above 0`);
  checkCount("trainingTime", "steps", steps, 0);
  const factor = { "half-sum": 1, "half-mean": 1, mean: 2 }[loss];
  if (factor === undefined)
    throw new RangeError(`trainingTime: loss is ${loss as string}, expected half-sum, half-mean or mean`);
  if (loss !== "half-sum") checkCount("trainingTime", "examples", examples ?? 0);
  return (factor * learningRate * steps) / (loss === "half-sum" ? 1 : examples!);
}
