export * from "./columns.ts";
export * from "./explain-prediction.ts";
export * from "./importances.ts";
export * from "./interactions.ts";
export * from "./intervals.ts";
export * from "./learned-directions.ts";
export * from "./partial-dependence.ts";
export { predictionGradients, type PredictionGradientOptions } from "../machines/prediction-gradients.ts";
