import type { Claim } from "../claim.ts";
import addedLinearLayers from "./added-linear-layers.ts";
import balancedStart from "./balanced-start.ts";
import commutingMeasurements from "./commuting-measurements.ts";
import completionByDepth from "./completion-by-depth.ts";
import conservation from "./conservation.ts";
import endToEndDynamics from "./end-to-end-dynamics.ts";
import factorizationNorm from "./factorization-norm.ts";
import globalConvergence from "./global-convergence.ts";
import greedyLowRank from "./greedy-low-rank.ts";
import imbalanceDrift from "./imbalance-drift.ts";
import implicitAcceleration from "./implicit-acceleration.ts";
import layerGradients from "./layer-gradients.ts";
import lazyRichNeuron from "./lazy-rich-neuron.ts";
import minimumNuclearNorm from "./minimum-nuclear-norm.ts";
import noAcceleration from "./no-acceleration.ts";
import noRegularizer from "./no-regularizer.ts";
import nonConvex from "./non-convex.ts";
import normsToInfinity from "./norms-to-infinity.ts";
import preconditionerSpectrum from "./preconditioner-spectrum.ts";
import rankMeasures from "./rank-measures.ts";
import rankMinimizingAutoencoder from "./rank-minimizing-autoencoder.ts";
import reluConservation from "./relu-conservation.ts";
import singleOutput from "./single-output.ts";
import singularValueCurves from "./singular-value-curves.ts";
import singularValueVelocity from "./singular-value-velocity.ts";
import tensorComponents from "./tensor-components.ts";
import waysToFail from "./ways-to-fail.ts";

/** Linear networks, matrix factorization and completion, in the order of their codes. */
export const linear: readonly Claim[] = [
  nonConvex,
  layerGradients,
  conservation,
  imbalanceDrift,
  balancedStart,
  endToEndDynamics,
  preconditionerSpectrum,
  singleOutput,
  globalConvergence,
  waysToFail,
  noRegularizer,
  implicitAcceleration,
  noAcceleration,
  completionByDepth,
  minimumNuclearNorm,
  singularValueVelocity,
  singularValueCurves,
  greedyLowRank,
  rankMeasures,
  normsToInfinity,
  commutingMeasurements,
  factorizationNorm,
  lazyRichNeuron,
  addedLinearLayers,
  rankMinimizingAutoencoder,
  reluConservation,
  tensorComponents,
];
