export { constant, type Expression } from "./expression.ts";
export * from "./primitives.ts";
export * from "./scalar-functions.ts";
export * from "./tape-model.ts";
