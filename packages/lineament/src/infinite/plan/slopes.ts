import type { Activation } from "../../layers/index.ts";
import { nonlinearity } from "../../layers/nonlinearity.ts";

/** Slopes for x < 0 and for x > 0. */
export type Slopes = readonly [negative: number, positive: number];

/** The slopes of piecewise linear activations; absent: the identity. */
export function slopesOf(activation: Activation | undefined): Slopes | undefined {
  return activation === undefined ? [1, 1] : nonlinearity(activation).slopes;
}
