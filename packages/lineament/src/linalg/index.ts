export * from "./matrix.ts";
export * from "./random.ts";
export * from "./hutchinson-trace.ts";
export * from "./lanczos.ts";
export * from "./runge-kutta.ts";
export { breather } from "./queue.ts";
export * from "./spectral-density.ts";
export * from "./symmetric-product.ts";
export type * from "./engine.ts";
