import { arcCosine } from "./closed-form-kernels.ts";

/**
 * V(ρ) = E[u_+² v_+²] − E[u_+ v_+]²: N times the variance of an entry of the ReLU random-feature kernel of N neurons,
 * K_N(x, x') = (1/N) Σ_i ReLU(⟨w_i, x⟩) ReLU(⟨w_i, x'⟩), for pre-activations of unit variance and correlation ρ.
 *
 * @see claim LZ-04
 */
export function reluFeatureVariance(rho: number): number {
  if (!(Math.abs(rho) <= 1))
    throw new RangeError(`reluFeatureVariance: correlation ${rho}; give a number in [-1, 1]`);
  const theta = Math.acos(rho);
  return arcCosine[2](theta) - arcCosine[1](theta) ** 2;
}
