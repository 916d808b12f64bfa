export * from "./balanced-features.ts";
export * from "./friedman-shares.ts";
export * from "./iteration-invariants.ts";
export * from "./known-functions.ts";
export * from "./metric-kernels.ts";
export * from "./modular-addition.ts";
export * from "./spurious-accuracy.ts";
