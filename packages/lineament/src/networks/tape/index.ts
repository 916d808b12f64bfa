export {
  type BilinearMap,
  constant,
  type Expression,
  type LinearMap,
  type Shape,
  type Values,
} from "./expression.ts";
export * from "./primitives.ts";
export * from "./scalar-functions.ts";
export * from "./tape-model.ts";
