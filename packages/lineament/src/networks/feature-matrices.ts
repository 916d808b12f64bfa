import type { Matrix } from "../linalg/index.ts";
import { checkInputs, checkParameters } from "./checks.ts";
import type { DenseNetwork } from "./dense-network.ts";
import { backward, forward, outputCotangents, slopesInPlace, weightsOf } from "./dense-passes.ts";
import { workspace } from "./workspace.ts";

/**
 * The neural feature matrix of a layer, W̃ᵀ W̃ with its effective weights W̃ = s W: inputs × inputs.
 *
 * @param layer - 1 for the layer that sees x, … , the number of layers for the readout
 * @throws RangeError when there is no such layer, or θ does not fit
 * @see Radhakrishnan et al., arXiv:2212.13881
 */
export async function neuralFeatureMatrix(
  network: DenseNetwork,
  theta: Float64Array,
  layer: number,
): Promise<Matrix<Float64Array>> {
  checkParameters("neuralFeatureMatrix", "theta", network, theta);
  const { engine } = network;
  const chosen = layerOf("neuralFeatureMatrix", network, layer);
  const c = engine.allocate(chosen.inputs, chosen.inputs, "float64") as Matrix<Float64Array>;
  const a = weightsOf(chosen, theta);
  await engine.syrk({ a, c, transpose: true, alpha: chosen.weightScale ** 2 });
  return c;
}

/**
 * Gradients of every output with respect to the input h of a layer (h = x for the first): row i O + o is ∂f_o/∂h at example
 * i. nO × inputs of that layer.
 *
 * @param layer - 1 for the layer that sees x, … , the number of layers for the readout
 * @throws RangeError when there is no such layer, or θ or x do not fit
 */
export async function inputGradients(
  network: DenseNetwork,
  theta: Float64Array,
  x: Matrix,
  layer = 1,
): Promise<Matrix<Float64Array>> {
  checkParameters("inputGradients", "theta", network, theta);
  layerOf("inputGradients", network, layer);
  const room = workspace(network.engine);
  const passes = await forward(network, theta, checkInputs("inputGradients", network, x), room);
  const slopes = slopesInPlace(network, passes);
  for await (const { l, cotangent } of outputCotangents(network, theta, slopes, x.rows, room))
    if (l === layer - 1) return backward(network, theta, l, cotangent, undefined, room);
  throw new Error("unreachable: every layer has cotangents");
}

/**
 * The average gradient outer product with respect to the input h of a layer: (1/n) Σ_i Σ_o ∇_h f_o(x_i) ∇_h f_o(x_i)ᵀ.
 * `centered` subtracts the mean gradient of each output first. Inputs × inputs of that layer.
 *
 * @param layer - 1 (default) for the layer that sees x, … , the number of layers for the readout
 * @throws RangeError when there is no such layer, θ or x do not fit, or x has no rows
 * @see Radhakrishnan et al., arXiv:2212.13881
 */
export async function gradientOuterProduct(
  network: DenseNetwork,
  theta: Float64Array,
  x: Matrix,
  { layer = 1, centered = false }: { readonly layer?: number; readonly centered?: boolean } = {},
): Promise<Matrix<Float64Array>> {
  if (x.rows === 0) throw new RangeError("gradientOuterProduct: x has no rows, expected at least one");
  const { engine } = network;
  const a = await inputGradients(network, theta, x, layer);
  if (centered) center(a, network.outputs);
  const c = engine.allocate(a.cols, a.cols, "float64") as Matrix<Float64Array>;
  await engine.syrk({ a, c, transpose: true, alpha: 1 / x.rows });
  return c;
}

/** Subtracts from every row the mean of those with the same output. */
function center({ data, rows, cols }: Matrix<Float64Array>, outputs: number): void {
  const period = outputs * cols;
  const means = new Float64Array(period);
  for (let at = 0; at < data.length; at++) means[at % period]! += (data[at]! * outputs) / rows;
  for (let at = 0; at < data.length; at++) data[at]! -= means[at % period]!;
}

function layerOf(call: string, { layers }: DenseNetwork, layer: number): DenseNetwork["layers"][number] {
  const chosen = layers[layer - 1];
  if (!chosen) throw new RangeError(`${call}: layer is ${layer}, expected 1 to ${layers.length}`);
  return chosen;
}
