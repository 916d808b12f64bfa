import type { ActivationDerivatives } from "../quadratic-term.ts";

/** σ, σ′ and σ″ (almost everywhere). */
export interface Nonlinearity extends ActivationDerivatives {
  readonly value: (z: number) => number;
}

/** Nonlinearities with their derivatives written out. */
export const nonlinearities = {
  tanh: {
    value: Math.tanh,
    slope: (z) => 1 - Math.tanh(z) ** 2,
    curvature: (z) => -2 * Math.tanh(z) * (1 - Math.tanh(z) ** 2),
  },
  relu: { value: (z) => Math.max(0, z), slope: (z) => (z > 0 ? 1 : 0), curvature: () => 0 },
} as const satisfies Readonly<Record<string, Nonlinearity>>;
