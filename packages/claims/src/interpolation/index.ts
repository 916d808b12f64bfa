import type { Claim } from "../claim.ts";
import adaptiveBandwidth from "./adaptive-bandwidth.ts";
import benignRidge from "./benign-ridge.ts";
import classicalOrModern from "./classical-or-modern.ts";
import deepLimits from "./deep-limits.ts";
import deepRelu from "./deep-relu.ts";
import depthHurtsRegression from "./depth-hurts-regression.ts";
import doubleDescent from "./double-descent.ts";
import eigenframework from "./eigenframework.ts";
import exponentIsDimension from "./exponent-is-dimension.ts";
import gridInterpolation from "./grid-interpolation.ts";
import manifoldDimension from "./manifold-dimension.ts";
import marchenkoPasturFrontier from "./marchenko-pastur-frontier.ts";
import nearestNeighbors from "./nearest-neighbors.ts";
import optimalActivations from "./optimal-activations.ts";
import orderedPhase from "./ordered-phase.ts";
import randomPoints from "./random-points.ts";
import singularClassifier from "./singular-classifier.ts";
import singularExponent from "./singular-exponent.ts";
import sizeTrainTestBound from "./size-train-test-bound.ts";
import spectralTaxonomy from "./spectral-taxonomy.ts";
import stableDepth from "./stable-depth.ts";
import tangentRate from "./tangent-rate.ts";
import trainedNetworks from "./trained-networks.ts";

/** Claims of interpolation, in the order of their codes. */
export const interpolation: readonly Claim[] = [
  sizeTrainTestBound,
  classicalOrModern,
  marchenkoPasturFrontier,
  doubleDescent,
  eigenframework,
  spectralTaxonomy,
  manifoldDimension,
  benignRidge,
  nearestNeighbors,
  trainedNetworks,
  gridInterpolation,
  adaptiveBandwidth,
  randomPoints,
  stableDepth,
  deepLimits,
  deepRelu,
  orderedPhase,
  singularExponent,
  optimalActivations,
  exponentIsDimension,
  singularClassifier,
  tangentRate,
  depthHurtsRegression,
];
