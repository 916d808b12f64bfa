/** A network γ Σ_i a_i σ(⟨w_i, x⟩), or a change of it (where γ does not change). */
export interface TwoLayers {
  /** w_i as rows: N of d numbers. */
  readonly weights: readonly (readonly number[])[];
  /** a: N numbers. */
  readonly readout: readonly number[];
}

/** σ′ and σ″. */
export interface ActivationDerivatives {
  readonly slope: (z: number) => number;
  readonly curvature: (z: number) => number;
}

/**
 * The term of second order of f_{θ+hΔ}(x) in h: γ Σ_i (Δa_i σ′(z_i) ζ_i + ½ a_i σ″(z_i) ζ_i²) with z_i = ⟨w_i, x⟩, ζ_i = ⟨Δw_i, x⟩. For
 * ReLU nothing else is left until a z_i + h ζ_i changes its sign.
 */
export function quadraticTerm(
  network: TwoLayers,
  change: TwoLayers,
  x: readonly number[],
  { slope, curvature }: ActivationDerivatives,
  gamma: number,
): number {
  const sum = network.weights.reduce((total, weights, i) => {
    const [z, zeta] = [dot(weights, x), dot(change.weights[i]!, x)];
    const mixed = change.readout[i]! * slope(z) * zeta;
    return total + mixed + (network.readout[i]! * curvature(z) * zeta ** 2) / 2;
  }, 0);
  return gamma * sum;
}

/** The smallest h > 0 at which a pre-activation z_i + h ζ_i is 0; Infinity when none is. */
export function kinkDistance(network: TwoLayers, change: TwoLayers, x: readonly number[]): number {
  return network.weights.reduce((least, weights, i) => {
    const h = -dot(weights, x) / dot(change.weights[i]!, x);
    return h > 0 ? Math.min(least, h) : least;
  }, Infinity);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
