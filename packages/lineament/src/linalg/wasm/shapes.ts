import type { FusedKernel } from "../engine.ts";

/** A profile as `assembly/profile.ts` knows it: one of six shapes of k(s), three parameters. */
export interface Shape {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** How the separable sum and the direction of a coordinate-wise kernel come from Δ: see `assembly/coordinates.ts`. */
export interface CoordinateShape {
  readonly kind: number;
  readonly p: number;
  readonly a: number;
  /** The direction diverges at 0. */
  readonly diverges: boolean;
}

/** k(s) and, where it has one, φ(s); `dimensions` is the d of sum-power. */
export function shapeOf(kernel: FusedKernel, dimensions: number): Shape {
  const L = kernel.bandwidth;
  switch (kernel.family) {
    case "laplace":
      return generalizedLaplace(L, kernel.exponent, 2);
    case "lpq":
      return generalizedLaplace(L, kernel.exponent, kernel.p);
    case "gaussian":
      return { kind: 0, a: 1 / (2 * L * L), b: 0, c: -1 / (L * L) };
    case "matern32":
      return { kind: 3, a: Math.sqrt(3) / L, b: 0, c: -3 / (L * L) };
    case "matern52":
      return { kind: 4, a: Math.sqrt(5) / L, b: 0, c: -5 / (3 * L * L) };
    case "sum-power":
      return { kind: 5, a: (1 - kernel.constant) / dimensions, b: kernel.power, c: kernel.constant };
  }
}

/** exp(−L^−q s^(q/p)): without a power where q/p is 1 or ½. */
function generalizedLaplace(L: number, q: number, p: number): Shape {
  const [a, b] = [L ** -q, q / p];
  return { kind: b === 1 ? 0 : b === 0.5 ? 1 : 2, a, b, c: -q * a };
}

export function coordinateShape(kernel: FusedKernel): CoordinateShape | undefined {
  if (kernel.family === "lpq" && kernel.p !== 2)
    return { kind: kernel.p === 1 ? 0 : 1, p: kernel.p, a: 0, diverges: kernel.p < 1 };
  if (kernel.family === "sum-power") {
    const q = kernel.exponent;
    return { kind: q === 1 ? 2 : 3, p: q, a: kernel.bandwidth ** -q, diverges: q < 1 };
  }
  return undefined;
}
