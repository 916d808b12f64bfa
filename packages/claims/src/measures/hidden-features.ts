import { type Engine, type Matrix, zeros } from "lineament";
import { rowProducts } from "./products.ts";

/**
 * scale · σ(⟨w_i, x⟩) for every row x of `x` (n × d) and neuron w_i of `weights` (N × d): the random features of a two-layer
 * network, n × N. With σ′ for σ, what tangent features are made of.
 */
export async function hiddenFeatures(
  engine: Engine,
  x: Matrix,
  weights: Matrix,
  sigma: (z: number) => number,
  scale = 1,
): Promise<Matrix<Float64Array>> {
  const features = await rowProducts(engine, x, weights);
  for (let at = 0; at < features.data.length; at++) features.data[at] = scale * sigma(features.data[at]!);
  return features;
}

/** slopes_ki x_kj as row k of an n × N d matrix, neuron by neuron: tangent features of the first layer with all a_i = 1. */
export function tangentFeatures(x: Matrix, slopes: Matrix): Matrix<Float64Array> {
  const [d, count] = [x.cols, slopes.cols];
  const features = zeros(x.rows, count * d);
  for (let k = 0; k < x.rows; k++)
    for (let i = 0; i < count; i++) {
      const slope = slopes.data[k * count + i]!;
      const at = (k * count + i) * d;
      for (let j = 0; j < d; j++) features.data[at + j] = slope * x.data[k * d + j]!;
    }
  return features;
}
