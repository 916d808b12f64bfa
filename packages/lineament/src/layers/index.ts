export * from "./activation.ts";
export * from "./layer.ts";
