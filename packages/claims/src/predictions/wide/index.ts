export * from "./assembly-derivatives.ts";
export * from "./composed-hessian.ts";
export * from "./catapult-map.ts";
export * from "./nonlinearity.ts";
export * from "./quadratic-model-path.ts";
export * from "./restricted-curvature-bound.ts";
export * from "./two-layer-derivatives.ts";
export * from "./two-layer-tangent-kernel.ts";
