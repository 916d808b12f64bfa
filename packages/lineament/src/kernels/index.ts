export * from "./bandwidth.ts";
export * from "./kernel.ts";
export * from "./metric.ts";
