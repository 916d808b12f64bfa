import type { Claim } from "../claim.ts";

/** Claims of wide networks, in the order of their codes. */
export const wide: readonly Claim[] = [];
