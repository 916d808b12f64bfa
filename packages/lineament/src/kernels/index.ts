export * from "./bandwidth.ts";
export * from "./kernel.ts";
export * from "./metric.ts";
export * from "./polynomial-passes.ts";
export * from "./weighted-rows.ts";
