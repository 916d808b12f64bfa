import { endToEnd, type Engine, layerGradients, type LinearNetwork, type Matrix, zeros } from "lineament";

/**
 * The velocity of W = W_n ⋯ W_1 when every layer moves along its own gradient, by the product rule:
 * Ẇ = −Σ_j W_n ⋯ W_{j+1} G_j W_{j−1} ⋯ W_1. Holds for any weights.
 *
 * @param gradient - ∇ℓ(W), d_n × d_0
 */
export async function layerVelocity(
  engine: Engine,
  network: LinearNetwork,
  gradient: Matrix<Float64Array>,
): Promise<Matrix<Float64Array>> {
  const velocity = zeros(gradient.rows, gradient.cols);
  for (const [j, g] of (await layerGradients(engine, network, gradient)).entries()) {
    const moved = await endToEnd(engine, network.with(j, g));
    moved.data.forEach((value, i) => (velocity.data[i]! -= value));
  }
  return velocity;
}
