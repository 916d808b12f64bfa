import type { LinearStep } from "../plan/plan.ts";
import type { Evaluation, Register } from "./evaluation.ts";
import { gapStep } from "./gap-step.ts";
import { readFeature } from "./read-feature.ts";
import type { LinearNumbers } from "./scales.ts";

/** The base that a step makes, from the bases that it reads. */
export function pairStep(e: Evaluation, step: LinearStep, index: number, numbers: LinearNumbers): Register {
  return step.slopes
    ? gapStep(e, step, index, numbers)
    : linearStep(e, step, readFeature(e, step.from, index, step.window ? "pixels" : "rows"), numbers);
}

/** Weights and biases on K_F and Θ_F, which are overwritten. */
export function linearStep(
  e: Evaluation,
  step: LinearStep,
  feature: Register,
  { weight, bias, own, ownBias }: LinearNumbers,
): Register {
  const out = step.window ? convolved(e, feature, step.window) : feature;
  const { covariance: k, tangent: t } = out;
  if (t) for (let i = 0; i < t.length; i++) t[i] = own * k[i]! + ownBias + weight * t[i]!;
  for (let i = 0; i < k.length; i++) k[i] = weight * k[i]! + bias;
  return out;
}

/** Means over the pixels that the window covers; pixels outside of the image count as 0. */
function convolved(e: Evaluation, feature: Register, window: NonNullable<LinearStep["window"]>): Register {
  const table = e.geometry.covered(window);
  const size = e.geometry.left.length;
  const cells = window.rows * window.cols;
  const mean = (values: Float64Array): Float64Array => {
    const out = e.memory.take(values.length);
    for (let start = 0; start < values.length; start += size)
      for (let s = 0; s < size; s++) {
        let sum = 0;
        for (let at = s * cells; at < (s + 1) * cells; at++)
          if (table[at]! >= 0) sum += values[start + table[at]!]!;
        out[start + s] = sum / cells;
      }
    e.memory.give(values);
    return out;
  };
  return { covariance: mean(feature.covariance), tangent: feature.tangent && mean(feature.tangent) };
}
