import type { Claim } from "../claim.ts";
import classicalOrModern from "./classical-or-modern.ts";
import deepRelu from "./deep-relu.ts";
import gridInterpolation from "./grid-interpolation.ts";
import marchenkoPasturFrontier from "./marchenko-pastur-frontier.ts";
import nearestNeighbors from "./nearest-neighbors.ts";
import singularExponent from "./singular-exponent.ts";
import sizeTrainTestBound from "./size-train-test-bound.ts";
import stableDepth from "./stable-depth.ts";

/** Claims of interpolation, in the order of their codes. */
export const interpolation: readonly Claim[] = [
  sizeTrainTestBound,
  classicalOrModern,
  marchenkoPasturFrontier,
  nearestNeighbors,
  gridInterpolation,
  stableDepth,
  deepRelu,
  singularExponent,
];
