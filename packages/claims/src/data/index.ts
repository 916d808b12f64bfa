export * from "./gaussian-matrix.ts";
export * from "./log-spaced.ts";
export * from "./orthogonal-matrix.ts";
export * from "./random-signs.ts";
export * from "./rows.ts";
export * from "./sphere-points.ts";
export * from "./sphere-polynomials.ts";
export * from "./zonal-targets.ts";
