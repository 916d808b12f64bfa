import { activationFunctions, type Layer } from "../layers/index.ts";
import type { Engine } from "../linalg/index.ts";
import type { NetworkSizes } from "./graph/channels.ts";
import { compile } from "./graph/compile.ts";
import { constant, type Expression, pointwise, type ScalarFunction } from "./tape/expression.ts";
import { multiply } from "./tape/primitives.ts";
import { tapeModel, type TapeModel } from "./tape/tape-model.ts";

const PIECEWISE_LINEAR = ["identity", "relu", "leaky-relu", "absolute", "piecewise-linear"];

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
      const gates = new Map<number, Expression>();
      network.output(x, start, (input, activation, at) => {
        const { name } = activation;
        if (!PIECEWISE_LINEAR.includes(name))
          throw new RangeError(
            `frozenGates: ${name} has slopes that depend on more than the sign; use quadratize, or one of ${PIECEWISE_LINEAR.join(", ")}`,
          );
        const functions = activationFunctions(activation);
        gates.set(at, pointwise(input, slopeOf(functions)));
        return pointwise(input, functions);
      });
      return network.output(x, parameters, (input, _, at) => multiply(gates.get(at)!, input));
    },
  });
}

/** φ′ of a piecewise linear φ. */
function slopeOf(functions: ScalarFunction): ScalarFunction {
  const zero = (): number => 0;
  return {
    value: (x) => functions.slope(x),
    slope: zero,
    curvature: zero,
    taylor(x, degree, out) {
      out.fill(0, 0, degree + 1);
      out[0] = functions.slope(x);
    },
  };
}
