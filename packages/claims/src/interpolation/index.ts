import type { Claim } from "../claim.ts";

/** Claims of interpolation, in the order of their codes. */
export const interpolation: readonly Claim[] = [];
