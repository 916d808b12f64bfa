export * from "./direct-cost.ts";
export * from "./given-cost.ts";
export * from "./measure-rates.ts";
export * from "./nystrom-cost.ts";
export * from "./tree-cost.ts";
export {
  type Cost,
  type EngineRates,
  gigabytes,
  noWork,
  repeatedWork,
  secondsOf,
  sumOfWork,
  type Work,
} from "./work.ts";
export { judgingRows, type MachineShape, metricWork, productWork } from "./steps.ts";
