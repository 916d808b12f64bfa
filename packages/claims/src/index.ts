export * from "./claim.ts";
export * from "./figure.ts";
