export { anyLossFlow, type AnyLossFlow, type FlowState } from "./any-loss-flow.ts";
export { convergedTraining } from "./converged-training.ts";
export type { InitialOutputs, KernelBlocks } from "./kernel-blocks.ts";
export {
  type DescentMethod,
  maximalLearningRate,
  type MaximalLearningRate,
  stabilityLimit,
} from "./learning-rates.ts";
export { type FlowLoss, logisticLoss, softmaxLoss, squareLoss } from "./losses.ts";
export { type LanczosOutputs, outputsByLanczos } from "./outputs-by-lanczos.ts";
export { type ConvergedOutputs, posterior } from "./posterior.ts";
export type { KernelReport, TrainedCovariance, TrainedOutputs } from "./prediction.ts";
export { type TrainingFlow, trainingFlow } from "./training-flow.ts";
export type { RidgePenalty, TrainingSpan } from "./training-span.ts";
export { trainingTime } from "./training-time.ts";
