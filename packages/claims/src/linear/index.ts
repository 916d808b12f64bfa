import type { Claim } from "../claim.ts";

/** Linear networks, matrix factorization and completion, in the order of their codes. */
export const linear: readonly Claim[] = [];
