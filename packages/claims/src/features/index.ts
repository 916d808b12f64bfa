import type { Claim } from "../claim.ts";

/** Claims of feature learning, in the order of their codes. */
export const features: readonly Claim[] = [];
