export * from "./leave-one-out.ts";
export * from "./logistic.ts";
export * from "./posterior-variance.ts";
export * from "./ridge-system.ts";
