import type { Claim } from "../claim.ts";
import fewNeurons from "./few-neurons.ts";
import groenwallDecay from "./groenwall-decay.ts";
import harmonicToolkit from "./harmonic-toolkit.ts";
import jacobianConstants from "./jacobian-constants.ts";
import kernelConcentration from "./kernel-concentration.ts";
import kernelLimits from "./kernel-limits.ts";
import kernelRidge from "./kernel-ridge.ts";
import lazyTheorem from "./lazy-theorem.ts";
import linearizedDynamics from "./linearized-dynamics.ts";
import memorization from "./memorization.ts";
import monteCarloRate from "./monte-carlo-rate.ts";
import parityTrap from "./parity-trap.ts";
import randomFeatureLimit from "./random-feature-limit.ts";
import reluByDegree from "./relu-by-degree.ts";
import rotationInvariance from "./rotation-invariance.ts";
import sampleCost from "./sample-cost.ts";
import singleNeuron from "./single-neuron.ts";
import staircase from "./staircase.ts";

/** Random features, tangent features, kernel limits and lazy training, in the order of their codes. */
export const linearized: readonly Claim[] = [
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
  groenwallDecay,
  linearizedDynamics,
  lazyTheorem,
  jacobianConstants,
  randomFeatureLimit,
  fewNeurons,
];
