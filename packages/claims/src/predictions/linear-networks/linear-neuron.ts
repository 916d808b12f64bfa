import { singularValueAt } from "./singular-value-flow.ts";

/** Two weights in a row, f = ab, under gradient flow on ½ (ab − φ)², which conserves a² − b². */
export interface LinearNeuron {
  /** δ = a² − b². */
  readonly imbalance: number;
  /** w_0 = ab at the start. */
  readonly start: number;
  /** φ. */
  readonly target: number;
}

/**
 * w(t) = ab, from ẇ = √(δ² + 4w²) (φ − w): with c = |δ|/2, z = e^{arsinh(w/c)}, z_+ = e^{arsinh(φ/c)}, z_− = −1/z_+ and
 * R = √(φ² + c²), (z − z_−)/(z_+ − z) grows as e^{2Rt}. Large δ is lazy, exponential at rate |δ|; δ = 0 is rich, a sigmoid, and
 * rests at w = 0.
 *
 * @see claim LN-23
 */
export function linearNeuronAt({ imbalance, start, target }: LinearNeuron, t: number): number {
  if (imbalance === 0) {
    // |w| is then the singular value of two balanced layers.
    const sign = start < 0 ? -1 : 1;
    return sign * singularValueAt({ depth: 2, start: Math.abs(start), target: sign * target }, t);
  }
  const c = Math.abs(imbalance) / 2;
  const above = Math.exp(Math.asinh(target / c));
  const below = -1 / above;
  const z = Math.exp(Math.asinh(start / c));
  if (z === above) return target;
  const ratio = ((z - below) / (above - z)) * Math.exp(2 * Math.hypot(target, c) * t);
  const now = above - (above - below) / (1 + ratio);
  return (c * (now - 1 / now)) / 2;
}

/** a² + b² = √(δ² + 4w²): the tangent kernel of that network, for an input of norm 1. */
export function neuronTangentKernel(imbalance: number, w: number): number {
  return Math.hypot(imbalance, 2 * w);
}

/** √(1 + 4φ²/δ²) − 1: the relative change of the tangent kernel from w = 0 to w = φ, 0 in the lazy limit. */
export function tangentKernelChange(imbalance: number, target: number): number {
  return neuronTangentKernel(imbalance, target) / Math.abs(imbalance) - 1;
}
