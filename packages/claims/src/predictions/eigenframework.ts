import type { KernelSpectrum } from "./kernel-spectrum.ts";

/** Kernel ridge regression on n samples as the eigenframework sees it. */
export interface LearningProblem {
  /** λ_k, their multiplicities B_k and the unresolved trace, which is added to the ridge. */
  readonly spectrum: KernelSpectrum;
  /** ‖P_k f‖²: energy of the target in eigenspace k. */
  readonly energies: readonly number[];
  /** Added to the diagonal of the kernel matrix as is. Default 0. */
  readonly ridge?: number;
  /** Variance of the label noise. Default 0. */
  readonly noise?: number;
}

/** What it predicts for kernel ridge regression. */
export interface LearningPrediction {
  /** κ with Σ_k B_k λ_k/(λ_k + κ) + ridge/κ = n: eigenvalues above it are learned. */
  readonly kappa: number;
  /** L_k = λ_k/(λ_k + κ) in [0, 1]. */
  readonly learnabilities: readonly number[];
  /** 𝓔₀ = n/(n − Σ_k B_k L_k²) ≥ 1, or Infinity: the test error on pure noise of variance 1. */
  readonly noiseInflation: number;
  /** Mean squared error on a new noisy label; subtract the noise for the error against f. */
  readonly testError: number;
  /** Mean squared error on the training labels. */
  readonly trainError: number;
}

/**
 * The eigenframework: a deterministic equivalent of kernel ridge regression,
 * test = 𝓔₀ (Σ_k (1 − L_k)² ‖P_k f‖² + noise) with 𝓔₀ = n/(n − Σ_k B_k L_k²), train = (ridge/(n κ))² test. The tail of the spectrum
 * regularizes like ridge but interpolates: it does not count in the training error.
 *
 * Energies may have fewer entries than the spectrum (the rest is 0). Energy beyond the spectrum is a mistake and throws.
 *
 * @param n - samples
 * @see Canatar, Bordelon & Pehlevan 2021; Simon et al. 2021; claim LZ-09, claim IN-05
 */
export function eigenframework(problem: LearningProblem, n: number): LearningPrediction {
  const { spectrum, energies, ridge = 0, noise = 0 } = problem;
  const { eigenvalues, multiplicities } = spectrum;
  if (energies.length > eigenvalues.length)
    throw new RangeError(
      `eigenframework: energies of ${energies.length} eigenspaces, eigenvalues of ${eigenvalues.length}; give an eigenvalue for each`,
    );
  const kappa = effectiveRegularization(spectrum, ridge, n);
  const learnabilities = eigenvalues.map((value) => (value > 0 ? value / (value + kappa) : 0));
  const taken = sum(learnabilities.map((l, k) => multiplicities[k]! * l ** 2));
  const bias = sum(energies.map((energy, k) => (1 - learnabilities[k]!) ** 2 * energy));
  const noiseInflation = taken < n ? n / (n - taken) : Infinity;
  const error = bias + noise;
  const testError = error === 0 ? 0 : noiseInflation * error;
  const factor = ridge > 0 ? ridge / (n * kappa) : 0;
  return {
    kappa,
    learnabilities,
    noiseInflation,
    testError,
    trainError: factor === 0 ? 0 : factor ** 2 * testError,
  };
}

/**
 * κ ≥ 0 with Σ_k B_k λ_k/(λ_k + κ) + (ridge + tail)/κ = n, by bisection of ln κ; 0 when there is no ridge and no more
 * eigenfunctions than samples.
 */
export function effectiveRegularization(spectrum: KernelSpectrum, ridge: number, n: number): number {
  if (!(n > 0) || !(ridge >= 0))
    throw new RangeError(`eigenframework: n = ${n}, ridge = ${ridge}; give n > 0 and a ridge of 0 or more`);
  const { eigenvalues, multiplicities, tail } = spectrum;
  const added = ridge + tail;
  const functions = sum(eigenvalues.map((value, k) => (value > 0 ? multiplicities[k]! : 0)));
  if (added === 0 && functions <= n) return 0;
  const excess = (kappa: number): number => {
    let used = added > 0 ? added / kappa : 0;
    for (let k = 0; k < eigenvalues.length; k++)
      if (eigenvalues[k]! > 0) used += (multiplicities[k]! * eigenvalues[k]!) / (eigenvalues[k]! + kappa);
    return used - n;
  };
  const trace = sum(eigenvalues.map((value, k) => multiplicities[k]! * value));
  let high = Math.log((trace + added) / n);
  let low = high - 1;
  while (excess(Math.exp(low)) < 0) low -= high - low;
  while (high - low > 4 * Number.EPSILON * Math.max(1, Math.abs(low))) {
    const middle = (low + high) / 2;
    if (excess(Math.exp(middle)) > 0) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
