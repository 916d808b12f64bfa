export * from "./matrix.ts";
export * from "./random.ts";
export type * from "./engine.ts";
