export * from "./balanced-features.ts";
export * from "./known-functions.ts";
export * from "./modular-addition.ts";
