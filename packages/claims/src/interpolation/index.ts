import type { Claim } from "../claim.ts";
import nearestNeighbors from "./nearest-neighbors.ts";
import sizeTrainTestBound from "./size-train-test-bound.ts";

/** Claims of interpolation, in the order of their codes. */
export const interpolation: readonly Claim[] = [sizeTrainTestBound, nearestNeighbors];
