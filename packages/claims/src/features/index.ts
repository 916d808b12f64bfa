import type { Claim } from "../claim.ts";
import deepLinearAnsatz from "./deep-linear-ansatz.ts";
import explanations from "./explanations.ts";
import fastConvergence from "./fast-convergence.ts";
import iterationInvariants from "./iteration-invariants.ts";
import kernelGradients from "./kernel-gradients.ts";
import knownFunctions from "./known-functions.ts";
import lotteryTickets from "./lottery-tickets.ts";
import lowRankTargets from "./low-rank-targets.ts";
import machineMatchesNetwork from "./machine-matches-network.ts";
import modularGrokking from "./modular-grokking.ts";
import neuralFeatureAnsatz from "./neural-feature-ansatz.ts";
import parityGrokking from "./parity-grokking.ts";
import powersAndCollapse from "./powers-and-collapse.ts";
import simplicityBias from "./simplicity-bias.ts";
import spuriousFeatures from "./spurious-features.ts";
import tabularGain from "./tabular-gain.ts";

/** Claims of feature learning, in the order of their codes. */
export const features: readonly Claim[] = [
  kernelGradients,
  iterationInvariants,
  knownFunctions,
  fastConvergence,
  powersAndCollapse,
  lowRankTargets,
  neuralFeatureAnsatz,
  deepLinearAnsatz,
  machineMatchesNetwork,
  modularGrokking,
  parityGrokking,
  lotteryTickets,
  simplicityBias,
  spuriousFeatures,
  tabularGain,
  explanations,
];
