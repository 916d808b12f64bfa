import type { Claim } from "../claim.ts";
import hessianNorm from "./hessian-norm.ts";
import linearCriticalRate from "./linear-critical-rate.ts";

/** Claims of wide networks, in the order of their codes. */
export const wide: readonly Claim[] = [hessianNorm, linearCriticalRate];
