export * from "./training/index.ts";
export * from "./infinite-kernel.ts";
export * from "./network-passes.ts";
