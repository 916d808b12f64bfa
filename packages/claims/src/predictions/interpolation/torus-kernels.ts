import type { KernelSpectrum } from "../kernel-spectrum.ts";

/**
 * A translation-invariant kernel on the torus [0, 1)^d, k(x) = Σ_g k̂(g) exp(2πi ⟨g, x⟩) over integer g, by its Fourier
 * coefficients up to a common factor. Logarithms, because those of smooth kernels underflow.
 */
export interface TorusKernel {
  readonly dimension: number;
  /** ln k̂(g) as a function of |g|². */
  readonly logCoefficient: (squaredFrequency: number) => number;
  /** s when k̂(g) ~ c |g|^−s; Infinity when k̂ decays faster than any power. */
  readonly decay: number;
}

/** Σ over images z of exp(−|x + z|/M): k̂(g) ∝ (1 + (2πM|g|)²)^(−(d+1)/2). */
export function laplaceOnTorus(dimension: number, bandwidth: number): TorusKernel {
  const scale = (2 * Math.PI * bandwidth) ** 2;
  return {
    dimension,
    logCoefficient: (square) => (-(dimension + 1) / 2) * Math.log1p(scale * square),
    decay: dimension + 1,
  };
}

/** Σ over images z of exp(−|x + z|²/(2M²)): k̂(g) ∝ exp(−2(πM|g|)²). */
export function gaussOnTorus(dimension: number, bandwidth: number): TorusKernel {
  return {
    dimension,
    logCoefficient: (square) => -2 * (Math.PI * bandwidth) ** 2 * square,
    decay: Infinity,
  };
}

/**
 * The spectrum on the circle, d = 1, with trace 1: k̂(0) once, k̂(1) … k̂(frequencies) twice.
 *
 * @see claim IN-13
 */
export function torusSpectrum(
  { dimension, logCoefficient }: TorusKernel,
  frequencies: number,
): KernelSpectrum {
  if (dimension !== 1)
    throw new RangeError(`torusSpectrum: dimension ${dimension}; give a kernel of dimension 1`);
  // Twice as many for the trace: what is beyond them does not count in a smooth kernel.
  const coefficients = Array.from({ length: 2 * frequencies + 1 }, (_, g) =>
    Math.exp(logCoefficient(g ** 2)),
  );
  const masses = coefficients.map((value, g) => (g === 0 ? 1 : 2) * value);
  const trace = sum(masses);
  return {
    eigenvalues: coefficients.slice(0, frequencies + 1).map((value) => value / trace),
    multiplicities: Array.from({ length: frequencies + 1 }, (_, g) => (g === 0 ? 1 : 2)),
    tail: sum(masses.slice(frequencies + 1)) / trace,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
