export * from "./average-gradient-outer-product.ts";
export * from "./calibration.ts";
export * from "./class-coding.ts";
export { CompletionMethod, completionMethodName } from "./completion/completion-method.ts";
export * from "./completion/matrix-completion.ts";
export * from "./costs/index.ts";
export * from "./feature-machine.ts";
export * from "./feature-map.ts";
export * from "./feature-regression.ts";
export * from "./feature-round.ts";
export * from "./fit-feature-machine.ts";
export * from "./kernel-expansion.ts";
export * from "./kernel-ridge.ts";
export * from "./labels-of.ts";
export * from "./learning-problem.ts";
export * from "./named-kernel.ts";
export * from "./neural-kernel-machine.ts";
export * from "./neural-tangent-features.ts";
export * from "./nystrom/fit-nystrom-machine.ts";
export * from "./nystrom/nystrom-machine.ts";
export * from "./nystrom/options.ts";
export * from "./options.ts";
export * from "./random-features.ts";
export * from "./recursive-feature-iterations.ts";
export * from "./recursive-feature-machine.ts";
export * from "./scores.ts";
export * from "./validation.ts";
export * from "./view.ts";
export * from "./tree/feature-machine-tree.ts";
export type { Label, TargetVector } from "./matrix-data.ts";
export { type AutomaticFit, expectedMembers, refitCost, searchCost } from "./automatic/automatic-cost.ts";
export {
  chooseMethod,
  type Limits,
  type Method,
  type MethodChoice,
  type MethodCost,
  methodCosts,
} from "./automatic/choose-method.ts";
export type { TableShape } from "./automatic/candidate.ts";
export type { MachineSetup } from "./automatic/evaluation.ts";
export type { Member, MemberExpansion, MemberRecipe } from "./automatic/refit.ts";
export type { FitControl, FitProgress, RowStream } from "./fit-control.ts";
export type { PredictionForm } from "./matrix-outputs.ts";
export type { LeafShare, Partition } from "./tree/partition.ts";
export type { TargetScaling } from "./target-scaling.ts";
export type { BiasRidges, Completion } from "./completion/completion.ts";
export type { ValueRange } from "./completion/value-range.ts";
export type { CompletionTrace } from "./completion/walk.ts";
