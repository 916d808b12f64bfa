export * from "./conjugate-gradients.ts";
export * from "./feature-ridge.ts";
export * from "./leave-one-out.ts";
export * from "./logistic.ts";
export * from "./nystrom-preconditioner.ts";
export * from "./posterior-variance.ts";
export * from "./ridge-system.ts";
