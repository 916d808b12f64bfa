export * from "./claim.ts";
export * from "./figure.ts";
export * from "./figures/index.ts";
