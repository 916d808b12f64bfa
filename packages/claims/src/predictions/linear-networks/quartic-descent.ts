import { checkDepth } from "./check-depth.ts";

/**
 * 1/(2η √(2ε)): iterations of gradient descent with step η to the loss ε on ¼ (e_1⁴ + e_2⁴) in the end, where each error obeys
 * e⁻² = 2ηt, whatever its start.
 *
 * @param step - η; for deep networks the effective one
 * @param loss - ε, small
 * @see claim LN-12
 */
export function quarticDescentIterations(step: number, loss: number): number {
  return 1 / (2 * step * Math.sqrt(2 * loss));
}

/** 2/y²: the largest stable step of depth 1 from 0 when the larger target is y. It makes iterations y²/(4 √(2ε)) or more. */
export function quarticStepLimit(target: number): number {
  return 2 / target ** 2;
}

/** η y^{2−2/n}: the step on w of n balanced layers with one output on the flat tail, where ‖w‖ is about the larger target y. */
export function effectiveStep(step: number, target: number, depth: number): number {
  checkDepth("effectiveStep", depth);
  return step * target ** (2 - 2 / depth);
}
