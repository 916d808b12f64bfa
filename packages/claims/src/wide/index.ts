import type { Claim } from "../claim.ts";
import assembly from "./assembly.ts";
import blockHessians from "./block-hessians.ts";
import bottleneckDegree from "./bottleneck-degree.ts";
import catapultGeneralization from "./catapult-generalization.ts";
import catapultRegimes from "./catapult-regimes.ts";
import deepHessian from "./deep-hessian.ts";
import geometricConvergence from "./geometric-convergence.ts";
import graphInDegree from "./graph-in-degree.ts";
import hessianNorm from "./hessian-norm.ts";
import kernelChange from "./kernel-change.ts";
import linearCriticalRate from "./linear-critical-rate.ts";
import nonlinearOutput from "./nonlinear-output.ts";
import quadraticModelRecursion from "./quadratic-model-recursion.ts";
import restrictedStrongConvexity from "./restricted-strong-convexity.ts";
import sharedCatapult from "./shared-catapult.ts";

/** Claims of wide networks, in the order of their codes. */
export const wide: readonly Claim[] = [
  hessianNorm,
  kernelChange,
  nonlinearOutput,
  deepHessian,
  restrictedStrongConvexity,
  geometricConvergence,
  bottleneckDegree,
  blockHessians,
  graphInDegree,
  assembly,
  linearCriticalRate,
  quadraticModelRecursion,
  catapultRegimes,
  sharedCatapult,
  catapultGeneralization,
];
