import type { Target } from "./learning-problem.ts";

/** The class of every row; undefined for regression. */
export function labelsOf(target: Target): Int32Array | undefined {
  return target.task === "classification" ? target.labels : undefined;
}
