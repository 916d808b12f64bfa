import { Matrix } from "ml-matrix";
import { matrixOf, type Rows } from "./rows.ts";

/**
 * G_j = (W_n ⋯ W_{j+1})ᵀ G (W_{j−1} ⋯ W_1)ᵀ: gradients of ℓ(W_n ⋯ W_1) in each layer, straight from the formula.
 *
 * @param weights - W_1, …, W_n
 * @param gradient - G = ∇ℓ at the product, d_n × d_0
 * @see claim LN-02
 */
export function layerGradients(weights: readonly Rows[], gradient: Rows): number[][][] {
  return weights.map((weight, j) => {
    const above = productOf(weights.slice(j + 1), weight.length);
    const below = productOf(weights.slice(0, j), weights[0]![0]!.length);
    return above.transpose().mmul(matrixOf(gradient)).mmul(below.transpose()).to2DArray();
  });
}

/** W = W_n ⋯ W_1. */
export function endToEndMatrix(weights: readonly Rows[]): number[][] {
  return productOf(weights, weights[0]![0]!.length).to2DArray();
}

/** −Σ_j ‖G_j‖_F²: the change of the loss per unit of time along gradient flow. */
export function lossVelocity(weights: readonly Rows[], gradient: Rows): number {
  return -layerGradients(weights, gradient)
    .flat(2)
    .reduce((sum, value) => sum + value ** 2, 0);
}

/** The product of layers, first to last; the identity on `size` dimensions when there are none. */
function productOf(weights: readonly Rows[], size: number): Matrix {
  return weights.reduce((product, weight) => matrixOf(weight).mmul(product), Matrix.eye(size));
}
