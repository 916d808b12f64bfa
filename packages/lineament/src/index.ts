export * from "./files/index.ts";
export * from "./explain/index.ts";
export * from "./kernels/index.ts";
export * from "./linalg/index.ts";
export * from "./linalg/open-engine.ts";
export * from "./machines/index.ts";
export * from "./solvers/index.ts";
export * from "./tables/index.ts";
