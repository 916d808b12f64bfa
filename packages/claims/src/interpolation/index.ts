import type { Claim } from "../claim.ts";
import nearestNeighbors from "./nearest-neighbors.ts";

/** Claims of interpolation, in the order of their codes. */
export const interpolation: readonly Claim[] = [nearestNeighbors];
