import { checkCount } from "../../linalg/checks.ts";

/** The unit of `time` wherever predictions are made. */
export const timeUnit = "learning rate × steps of ½ Σ_i ‖f(x_i) − y_i‖²";

/**
 * The time t of these predictions, learning rate × steps of ½ Σ_i ‖f(x_i) − y_i‖², that steps of another loss amount to, by the names of `train`:
 *
 * - `half-squares`, ½ Σ (f − y)²: t = η k
 * - `half-mean-squares`, 1/(2N) Σ (f − y)²: t = η k / N
 * - `mean-squares`, 1/N Σ (f − y)²: t = 2 η k / N
 *
 * @param options.examples - N, what the loss divides by: examples, or examples × outputs where it is a mean over all entries.
 * `half-squares` does not need it.
 */
export function trainingTime({
  loss,
  learningRate,
  steps,
  examples,
}: {
  readonly loss: "half-squares" | "half-mean-squares" | "mean-squares";
  readonly learningRate: number;
  readonly steps: number;
  readonly examples?: number;
}): number {
  if (!(learningRate > 0 && learningRate < Infinity))
    throw new RangeError(`trainingTime: learningRate is ${learningRate}, expected a finite number above 0`);
  checkCount("trainingTime", "steps", steps, 0);
  const factor = { "half-squares": 1, "half-mean-squares": 1, "mean-squares": 2 }[loss];
  if (factor === undefined)
    throw new RangeError(
      `trainingTime: loss is ${loss as string}, expected half-squares, half-mean-squares or mean-squares`,
    );
  if (loss !== "half-squares") checkCount("trainingTime", "examples", examples ?? 0);
  return (factor * learningRate * steps) / (loss === "half-squares" ? 1 : examples!);
}
