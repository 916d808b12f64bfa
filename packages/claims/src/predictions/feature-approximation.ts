import { effectiveRegularization } from "./eigenframework.ts";
import { sphereQuadrature } from "./gauss-quadrature.ts";
import { zonalDegreeEnergies } from "./degree-energies.ts";
import { type KernelSpectrum, spectrumOfMasses } from "./kernel-spectrum.ts";
import { tangentMasses } from "./relu-kernel-masses.ts";

/**
 * Σ_k ‖P_k f‖² ν/(λ_k + ν) with Σ_k B_k λ_k/(λ_k + ν) = p: the squared error of the best fit to f by p random functions with
 * covariance kernel Σ_k λ_k B_k P_k, as if they were Gaussian (deterministic equivalent of a random projection; exact as p → ∞).
 */
export function approximationError(
  spectrum: KernelSpectrum,
  energies: readonly number[],
  features: number,
): number {
  const nu = effectiveRegularization(spectrum, 0, features);
  return energies.reduce((sum, energy, k) => sum + (energy * nu) / (spectrum.eigenvalues[k]! + nu), 0);
}

/**
 * That error for N neurons σ(⟨w, x⟩) with σ(z) = max(z − offset, 0) and uniform w on the unit sphere, x on √d S^{d−1}: `random` for
 * N random features; `tangent` for the N d tangent features, which are not independent within a neuron: a guess.
 *
 * @see claim LZ-25
 */
export function featureApproximationErrors(setting: {
  readonly dimension: number;
  readonly offset: number;
  /** ‖P_k f‖². */
  readonly energies: readonly number[];
}): { readonly random: (neurons: number) => number; readonly tangent: (neurons: number) => number } {
  const { dimension: d, offset, energies } = setting;
  const degree = Math.max(8, energies.length);
  // The kink at z = offset makes quadrature converge slowly.
  const nodes = 1000;
  const relu = (z: number): number => Math.max(0, z - offset);
  const step = (z: number): number => (z > offset ? 1 : 0);
  const { nodes: places, weights } = sphereQuadrature(d, nodes);
  const meanOf = (g: (z: number) => number): number =>
    weights.reduce((sum, weight, i) => sum + weight * g(Math.sqrt(d) * places[i]!), 0);
  const random = spectrumOfMasses(
    zonalDegreeEnergies(relu, d, degree, { nodes }),
    d,
    meanOf((z) => relu(z) ** 2),
  );
  const steps = zonalDegreeEnergies(step, d, degree + 1, { nodes });
  const tangent = spectrumOfMasses(tangentMasses(steps, d), d, meanOf(step));
  return {
    random: (neurons) => approximationError(random, energies, neurons),
    tangent: (neurons) => approximationError(tangent, energies, neurons * d),
  };
}
