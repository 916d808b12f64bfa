import { layerGradients } from "./layer-gradients.ts";
import { matrixOf, type Rows } from "./rows.ts";
import { singularValues } from "./singular-values.ts";

/**
 * D_j = W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ for j = 1 … n − 1: what gradient flow conserves. Layers are balanced when all D_j are 0.
 *
 * @param weights - W_1, …, W_n
 * @see Arora, Cohen & Hazan, arXiv:1802.06509; Du, Hu & Lee, arXiv:1806.00900; claim LN-03
 */
export function imbalance(weights: readonly Rows[]): number[][][] {
  return weights.slice(1).map((next, j) => gramDifference(next, weights[j]!));
}

/**
 * The imbalances after one step of gradient descent: D_j + η² (G_{j+1}ᵀ G_{j+1} − G_j G_jᵀ), exactly; terms of first order
 * cancel.
 *
 * @param gradient - ∇ℓ at W_n ⋯ W_1
 * @param step - η
 * @see claim LN-04
 */
export function imbalanceAfterStep(weights: readonly Rows[], gradient: Rows, step: number): number[][][] {
  const drift = imbalance(layerGradients(weights, gradient));
  return imbalance(weights).map((d, j) =>
    d.map((row, r) => row.map((value, c) => value + step ** 2 * drift[j]![r]![c]!)),
  );
}

/** e^{−2λt}: the part of every imbalance that is left at time t of gradient flow with weight decay, Ẇ_j = −G_j − λ W_j. */
export function imbalanceDecay(weightDecay: number, t: number): number {
  return Math.exp(-2 * weightDecay * t);
}

/**
 * η (φ(0) − φ(T)): a bound, up to a factor 1 + O(η), on ‖D_j(T) − D_j(0)‖_F along gradient descent with step η that lowers the
 * loss from φ(0) to φ(T). The same bound holds for the drift of a_i² − ‖w_i‖² of a ReLU neuron.
 *
 * @see claim LN-04, LN-26
 */
export function imbalanceDriftBound(step: number, startLoss: number, endLoss: number): number {
  return step * (startLoss - endLoss);
}

/** Sizes of one D_j. Papers call the largest over j the unbalancedness magnitude, in one norm or another. */
export function imbalanceSize(d: Rows): {
  readonly frobenius: number;
  readonly nuclear: number;
  readonly spectral: number;
} {
  const values = singularValues(d);
  return {
    frobenius: Math.hypot(...values),
    nuclear: values.reduce((sum, value) => sum + value, 0),
    spectral: values[0]!,
  };
}

/** AᵀA − BBᵀ. */
function gramDifference(a: Rows, b: Rows): number[][] {
  const [next, layer] = [matrixOf(a), matrixOf(b)];
  return next.transpose().mmul(next).sub(layer.mmul(layer.transpose())).to2DArray();
}
