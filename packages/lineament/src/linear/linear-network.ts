import type { Engine, Matrix, MatrixLike } from "../linalg/index.ts";
import { workspace } from "../networks/index.ts";
import { checkMatrix, checkShape, type Doubles } from "./checks.ts";
import { layerProduct } from "./layer-product.ts";

/**
 * A deep linear network x ↦ W_N ⋯ W_1 x: its weight matrices, first layer first. W_j is d_j × d_{j−1}, for any depth N ≥ 1 and
 * any widths d_0, …, d_N.
 */
export type LinearNetwork = readonly Matrix<Float64Array>[];

/**
 * Weights that come from outside, in double precision.
 * @param weights - W_1, …, W_N
 * @throws RangeError when there are none, one is empty or not finite, or neighbors do not fit
 */
export function linearNetwork(weights: readonly MatrixLike[]): LinearNetwork {
  return checkNetwork("linearNetwork", weights);
}

/** d_0, …, d_N. */
export function widthsOf(network: LinearNetwork): readonly number[] {
  return [network[0]!.cols, ...network.map(({ rows }) => rows)];
}

/**
 * The end-to-end matrix W = W_N ⋯ W_1, d_N × d_0.
 * @throws RangeError as `linearNetwork`
 */
export async function endToEnd(engine: Engine, network: LinearNetwork): Promise<Matrix<Float64Array>> {
  const { value } = await layerProduct(engine)(checkNetwork("endToEnd", network), workspace(engine));
  return { ...value, data: value.data.slice() };
}

/**
 * The gradients of φ(W_1, …, W_N) = ℓ(W_N ⋯ W_1): G_j = (W_N ⋯ W_{j+1})ᵀ ∇ℓ(W) (W_{j−1} ⋯ W_1)ᵀ. 3 (N − 1) matrix products.
 *
 * @param gradient - ∇ℓ at the end-to-end matrix, d_N × d_0
 * @throws RangeError as `linearNetwork`, or when the gradient is not d_N × d_0
 * @see Arora, Cohen and Hazan, arXiv:1802.06509
 */
export async function layerGradients(
  engine: Engine,
  network: LinearNetwork,
  gradient: MatrixLike,
): Promise<LinearNetwork> {
  const layers = checkNetwork("layerGradients", network);
  const shape = { rows: layers.at(-1)!.rows, cols: layers[0]!.cols };
  const { pull } = await layerProduct(engine)(layers, workspace(engine));
  const gradients = await pull(checkShape("layerGradients", "gradient", gradient, shape));
  return gradients.map((g) => ({ ...g, data: g.data.slice() }));
}

/** @throws RangeError as `linearNetwork` */
export function checkNetwork(call: string, weights: readonly MatrixLike[]): readonly Doubles[] {
  if (weights.length === 0)
    throw new RangeError(`${call}: there are no weight matrices, expected at least one`);
  const network = weights.map((w, j) => checkMatrix(call, `W_${j + 1}`, w));
  network.forEach((w, j) => {
    const before = network[j - 1];
    if (before && w.cols !== before.rows)
      throw new RangeError(
        `${call}: W_${j + 1} has ${w.cols} columns, but W_${j} has ${before.rows} rows: they must match`,
      );
  });
  return network;
}
