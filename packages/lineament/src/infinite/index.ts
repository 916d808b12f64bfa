export * from "./correlation-map.ts";
export * from "./deep-correlations.ts";
export * from "./depth-limit.ts";
export type { KernelDiagnostics } from "./diagnostics.ts";
export * from "./infinite-kernel.ts";
export * from "./network-from-name.ts";
export * from "./network-passes.ts";
export type { Approximation } from "./evaluation/tables.ts";
export * from "./training/index.ts";
