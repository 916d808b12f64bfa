export * from "./nonlinearity.ts";
export * from "./two-layer-derivatives.ts";
