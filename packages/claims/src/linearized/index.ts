import type { Claim } from "../claim.ts";
import groenwallDecay from "./groenwall-decay.ts";

/** Random features, tangent features, kernel limits and lazy training, in the order of their codes. */
export const linearized: readonly Claim[] = [groenwallDecay];
