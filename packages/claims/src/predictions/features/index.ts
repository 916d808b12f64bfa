export * from "./balanced-features.ts";
export * from "./iteration-invariants.ts";
export * from "./known-functions.ts";
export * from "./modular-addition.ts";
