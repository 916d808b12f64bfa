import type { ActivationChoice } from "./activation.ts";
import { nonlinearity } from "./nonlinearity.ts";

/** Slopes for x < 0 and for x > 0. */
export type Slopes = readonly [negative: number, positive: number];

/** The slopes of a piecewise linear activation, undefined for others; without an activation those of the identity. */
export function slopesOf(activation: ActivationChoice = "identity"): Slopes | undefined {
  return nonlinearity(activation).slopes;
}
