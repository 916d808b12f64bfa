export * from "./least-squares-risk.ts";
export * from "./marchenko-pastur-ridge.ts";
export * from "./nearest-neighbors.ts";
export * from "./trade-off-bound.ts";
