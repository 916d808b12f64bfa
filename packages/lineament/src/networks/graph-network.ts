import type { Layer } from "../layers/index.ts";
import type { Engine } from "../linalg/index.ts";
import type { NetworkSizes } from "./graph/channels.ts";
import { compile } from "./graph/compile.ts";
import { tapeModel, type TapeModel, type TapeNetwork } from "./tape/tape-model.ts";

/**
 * The finite network whose limit of infinite width `infinite/` computes: any graph of layers, as a `Network` that is evaluated
 * and differentiated on a tape. θ holds, for every dense and convolution layer in the order of the description, the weights
 * (one row a neuron; a convolution's inputs are its window's pixels, row by row, channels innermost) and then the biases, which
 * a layer with σ_b = 0 does not have: the order of `denseNetwork`. In NTK parameterization, and for convolutions, they start standard normal and enter as
 * σ_w/√fan-in and σ_b; in standard parameterization they start with these standard deviations. Layer normalization runs over the
 * channels of each example (and pixel).
 *
 * A bottleneck is a dense layer with a small width of its own. Chains of dense layers and activations are faster as
 * `denseNetwork`.
 *
 * @throws RangeError naming the layer, when the description is not a network: a cyclic graph, unknown nodes, widths that do not
 * match, convolutions without an image, dropout (training kernels only)
 * @see Jacot, Gabriel and Hongler, arXiv:1806.07572; Sohl-Dickstein et al., arXiv:2001.07301 (standard parameterization)
 */
export function graphNetwork(engine: Engine, layer: Layer, sizes: NetworkSizes): TapeModel {
  return tapeModel(engine, compile(layer, sizes));
}

/**
 * What `graphNetwork` is made of: parameter matrices, and the output in terms of them. For whoever writes the parameters in terms
 * of others.
 * @throws RangeError as `graphNetwork`
 */
export function graphTape(layer: Layer, sizes: NetworkSizes): TapeNetwork {
  return compile(layer, sizes);
}
