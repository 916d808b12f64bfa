import type { Claim } from "../claim.ts";
import fewNeurons from "./few-neurons.ts";
import groenwallDecay from "./groenwall-decay.ts";
import harmonicToolkit from "./harmonic-toolkit.ts";
import jacobianConstants from "./jacobian-constants.ts";
import kernelConcentration from "./kernel-concentration.ts";
import kernelConstancy from "./kernel-constancy.ts";
import kernelLimits from "./kernel-limits.ts";
import kernelRidge from "./kernel-ridge.ts";
import labelCorruption from "./label-corruption.ts";
import lazyTheorem from "./lazy-theorem.ts";
import lazyTraining from "./lazy-training.ts";
import linearization from "./linearization.ts";
import linearizedDynamics from "./linearized-dynamics.ts";
import memorization from "./memorization.ts";
import monteCarloRate from "./monte-carlo-rate.ts";
import nonConvexLandscape from "./non-convex-landscape.ts";
import outputScale from "./output-scale.ts";
import parityTrap from "./parity-trap.ts";
import randomFeatureLimit from "./random-feature-limit.ts";
import reluByDegree from "./relu-by-degree.ts";
import reluConvergence from "./relu-convergence.ts";
import rotationInvariance from "./rotation-invariance.ts";
import sampleCost from "./sample-cost.ts";
import singleNeuron from "./single-neuron.ts";
import staircase from "./staircase.ts";

/** Random features, tangent features, kernel limits and lazy training, in the order of their codes. */
export const linearized: readonly Claim[] = [
  linearization,
  kernelRidge,
  kernelLimits,
  monteCarloRate,
  rotationInvariance,
  kernelConcentration,
  memorization,
  harmonicToolkit,
  staircase,
  reluByDegree,
  parityTrap,
  sampleCost,
  singleNeuron,
  lazyTraining,
  outputScale,
  groenwallDecay,
  linearizedDynamics,
  lazyTheorem,
  jacobianConstants,
  reluConvergence,
  kernelConstancy,
  nonConvexLandscape,
  labelCorruption,
  randomFeatureLimit,
  fewNeurons,
];
