export * from "./claim.ts";
export * from "./figure.ts";
export * from "./figures/index.ts";
export * from "./plain.ts";
export * from "./registry.ts";
export * from "./run-claim.ts";
export * from "./settings.ts";
