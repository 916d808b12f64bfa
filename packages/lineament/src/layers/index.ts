export * from "./activation.ts";
export * from "./cross-dual.ts";
export * from "./dual.ts";
export * from "./layer.ts";
export * from "./pointwise.ts";
