import type { SampleModes } from "./sample-modes.ts";

/** Errors of a fit to nothing but noise, in units of its variance. */
export interface FitToNoise {
  /** Mean square of the residuals. */
  readonly training: number;
  /** ‖ŵ‖²: what the fit adds to the test error. */
  readonly excess: number;
}

/**
 * Ridge regression ŵ = Zᵀ(Z Zᵀ + n λ I)⁻¹ ε with whitened features: in mode i it keeps λ/(s_i + λ) of the noise as residual and has a
 * weight of squared length s_i/(s_i + λ)² ε_i²/n. At λ = 0 the fit of least norm.
 *
 * @param energies - squares of the noise's coordinates, in units of its variance; 1 each gives the mean over noise
 */
export function ridgeOnNoise(
  { values }: Pick<SampleModes, "values">,
  energies: ArrayLike<number>,
  ridge: number,
): FitToNoise {
  const n = values.length;
  let [training, excess] = [0, 0];
  for (let i = 0; i < n; i++) {
    const s = values[i]!;
    training += (s > 0 ? (ridge / (s + ridge)) ** 2 : 1) * energies[i]!;
    excess += s > 0 ? (s / (s + ridge) ** 2) * energies[i]! : 0;
  }
  return { training: training / n, excess: excess / n };
}
