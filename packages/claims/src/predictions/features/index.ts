export * from "./balanced-features.ts";
export * from "./known-functions.ts";
