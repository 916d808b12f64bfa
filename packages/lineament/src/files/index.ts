export * from "./errors.ts";
export * from "./completion-file.ts";
export * from "./matrix-model-file.ts";
export { modelFileVersion, type ModelFile, readModelFile, writeModelFile } from "./model-file.ts";
export {
  readSafetensors,
  type SafetensorsFile,
  type Tensor,
  type TensorData,
  type TensorType,
  writeSafetensors,
} from "./safetensors.ts";
