import { activationName, type Layer, slopesOf } from "../layers/index.ts";
import type { Engine } from "../linalg/index.ts";
import type { Elementwise } from "./elementwise.ts";
import type { NetworkSizes } from "./graph/channels.ts";
import { type ActivationLayer, compile } from "./graph/compile.ts";
import { constant, type Expression, pointwise } from "./tape/expression.ts";
import { multiply } from "./tape/primitives.ts";
import { tapeModel, type TapeModel } from "./tape/tape-model.ts";

/**
 * A piecewise linear network whose units keep the slopes that they have at θ₀: φ(z) becomes φ′(z(θ₀)) z. Between kinks nothing
 * changes. It is a polynomial in θ of the number of dense layers as degree; with two of them it is the quadratic model
 * `quadratize(graphNetwork(…), theta0)` in closed form, at the price of a network.
 *
 * @param theta0 - θ₀ in the order of `graphNetwork` of the same layer
 * @throws RangeError as `graphNetwork`, and when an activation has slopes that depend on more than the sign
 * @see Zhu, Liu, Radhakrishnan and Belkin, arXiv:2205.11787
 */
export function frozenGates(
  engine: Engine,
  layer: Layer,
  sizes: NetworkSizes,
  theta0: Float64Array,
): TapeModel {
  const network = compile(layer, sizes);
  for (const { activation } of network.activations)
    if (!slopesOf(activation))
      throw new RangeError(
        `frozenGates: ${activationName(activation)} has slopes that depend on more than the sign; use quadratize, or a piecewise linear one such as relu`,
      );
  const start: Expression[] = [];
  let offset = 0;
  for (const { rows, cols } of network.matrices) {
    start.push(constant({ data: theta0.slice(offset, offset + rows * cols), rows, cols }));
    offset += rows * cols;
  }
  if (theta0.length !== offset)
    throw new RangeError(
      `frozenGates: theta0 has ${theta0.length} numbers, the network has ${offset} parameters`,
    );
  return tapeModel(engine, {
    ...network,
    output(x, parameters) {
      const gates = new Map<ActivationLayer, Expression>();
      network.output(x, start, (input, layer) => {
        gates.set(layer, pointwise(input, slopeOf(layer.phi)));
        return pointwise(input, layer.phi);
      });
      return network.output(x, parameters, (input, layer) => multiply(gates.get(layer)!, input));
    },
  });
}

/** φ′ of a piecewise linear φ, as a function whose slopes are 0. */
function slopeOf(phi: Elementwise): Elementwise {
  return {
    identity: false,
    slopes: (_z, _h, out) => void out.fill(0),
    curvatures: (_z, _h, out) => void out.fill(0),
    compose(z, h, count) {
      h.fill(0);
      phi.slopes(z.subarray(0, count), z.subarray(0, count), h.subarray(0, count));
    },
  };
}
