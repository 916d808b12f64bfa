import type { CategoricalTable, FusedKernel } from "./engine.ts";
import type { Matrix, Precision } from "./matrix.ts";
import { precisionOf } from "./matrix.ts";

/**
 * A kernel as a function of one sum over coordinates: s = Σ_k term(Δ_k) (categorical tables add to it), k = value(s),
 * ∂k/∂u_k = slope(s) direction(Δ_k). Distance kernels have s = ‖Δ‖_p^p, sum-power has s = Σ_k exp(−(|Δ_k|/L)^q).
 */
export interface KernelFormulas {
  term(delta: number): number;
  value(sum: number): number;
  slope(sum: number): number;
  direction(delta: number): number;
  /** r², or NaN for sum-power, which has no distance. */
  squaredDistance(sum: number): number;
  /** `direction` diverges at 0: coordinates that coincide up to rounding are skipped. */
  readonly diverges: boolean;
}

/** True when the kernel depends on r = ‖Δ‖₂ alone, so that inner products and norms suffice. */
export function isRotationInvariant(kernel: FusedKernel): boolean {
  return kernel.family === "lpq" ? kernel.p === 2 : kernel.family !== "sum-power";
}

/**
 * The formulas of a kernel.
 * @param dimensions - the d of sum-power: coordinates plus the dimensions of all tables
 */
export function formulas(kernel: FusedKernel, dimensions: number): KernelFormulas {
  const L = kernel.bandwidth;
  const euclidean = {
    term: (delta: number) => delta * delta,
    direction: (delta: number) => delta,
    squaredDistance: (sum: number) => sum,
    diverges: false,
  };
  switch (kernel.family) {
    case "laplace":
      return { ...euclidean, ...generalizedLaplace(L, kernel.exponent, 2) };
    case "gaussian": {
      const value = (s: number): number => Math.exp(-s / (2 * L * L));
      return { ...euclidean, value, slope: (s) => -value(s) / (L * L) };
    }
    case "matern32": {
      const scaled = (s: number): number => Math.sqrt(3 * s) / L;
      return {
        ...euclidean,
        value: (s) => (1 + scaled(s)) * Math.exp(-scaled(s)),
        slope: (s) => (-3 / (L * L)) * Math.exp(-scaled(s)),
      };
    }
    case "matern52": {
      const scaled = (s: number): number => Math.sqrt(5 * s) / L;
      return {
        ...euclidean,
        value: (s) => (1 + scaled(s) + scaled(s) ** 2 / 3) * Math.exp(-scaled(s)),
        slope: (s) => (-5 / (3 * L * L)) * (1 + scaled(s)) * Math.exp(-scaled(s)),
      };
    }
    case "lpq": {
      const { p, exponent } = kernel;
      return {
        term: (delta) => Math.abs(delta) ** p,
        ...generalizedLaplace(L, exponent, p),
        direction: (delta) => signedPower(delta, p - 1),
        squaredDistance: (s) => s ** (2 / p),
        diverges: p < 1,
      };
    }
    case "sum-power": {
      const { exponent: q, constant, power } = kernel;
      const weight = (1 - constant) / dimensions;
      const term = (delta: number): number => Math.exp(-((Math.abs(delta) / L) ** q));
      return {
        term,
        value: (s) => (constant + weight * s) ** power,
        slope: (s) => -power * (constant + weight * s) ** (power - 1) * weight * q * L ** -q,
        direction: (delta) => signedPower(delta, q - 1) * term(delta),
        squaredDistance: () => NaN,
        diverges: q < 1,
      };
    }
  }
}

/** exp(−(r/L)^q) from s = r^p. */
function generalizedLaplace(L: number, q: number, p: number): Pick<KernelFormulas, "value" | "slope"> {
  const value = (s: number): number => Math.exp(-(s ** (q / p)) * L ** -q);
  return { value, slope: (s) => (s === 0 ? 0 : -q * L ** -q * s ** (q / p - 1) * value(s)) };
}

/** |Δ|^e sgn Δ, 0 at Δ = 0. */
function signedPower(delta: number, e: number): number {
  return delta === 0 ? 0 : Math.sign(delta) * Math.abs(delta) ** e;
}

/** 16 ε of the storage precision: r² below this times ‖u‖² + ‖u′‖² is rounding. */
export function negligible(precision: Precision): number {
  return 16 * (precision === "float32" ? 2 ** -23 : 2 ** -52);
}

/**
 * The point that norms are measured from: for rotation-invariant kernels the mean of up to 256 evenly spaced rows of z,
 * so that data far from the origin loses no digits in ‖u‖² + ‖u′‖² − 2 u·u′; for the others the origin.
 */
export function centerOf(kernel: FusedKernel, z: Matrix): Float64Array {
  const { data, rows, cols } = z;
  const center = new Float64Array(cols);
  if (!isRotationInvariant(kernel) || rows === 0) return center;
  const count = Math.min(rows, 256);
  for (let t = 0; t < count; t++) {
    const start = Math.floor((t * rows) / count) * cols;
    for (let k = 0; k < cols; k++) center[k]! += data[start + k]! / count;
  }
  // Rounded to the storage precision, so that every engine subtracts the same number.
  return precisionOf(z) === "float32" ? center.map(Math.fround) : center;
}

/** The d of sum-power: coordinates plus the one-hot coordinates that the tables stand for. */
export function dimensionsOf(coordinates: Matrix, tables: readonly CategoricalTable[] = []): number {
  return tables.reduce((sum, table) => sum + table.dimensions, coordinates.cols);
}
