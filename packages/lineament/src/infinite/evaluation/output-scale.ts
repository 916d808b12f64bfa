import type { Precision } from "../../linalg/index.ts";
import type { Prepared } from "./prepared.ts";

/** How stored kernels are returned: times `factor`, and then they are to be multiplied by 2^log2Scale. */
export interface OutputScale {
  readonly log2Scale: number;
  readonly factor: number;
}

/** Nothing remains of the scale as long as the kernels of the longest row stay in [1e-100, 1e100] ([1e-30, 1e30] in float32). */
export function outputScale({ exponent, longest }: Prepared, precision: Precision): OutputScale {
  const size = Math.log2(Math.max(longest.nngp, longest.ntk)) + 2 * exponent;
  const range = Math.log2(precision === "float32" ? 1e30 : 1e100);
  const log2Scale = Number.isFinite(size) && Math.abs(size) > range ? Math.round(size) : 0;
  return { log2Scale, factor: 2 ** (2 * exponent - log2Scale) };
}
