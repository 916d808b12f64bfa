import type { Layer } from "../layers/index.ts";
import type { Engine } from "../linalg/index.ts";
import type { NetworkSizes } from "./graph/channels.ts";
import { compile } from "./graph/compile.ts";
import { tapeModel, type TapeModel } from "./tape/tape-model.ts";

/**
 * An assembly of m independent copies of one small network g, f(x) = Σ_i w_i g(θ_i; x): a wide network is made of many weak
 * sub-networks, and its Hessian is block diagonal. The copies run side by side, so that thousands of them are one network to
 * the tape. Each of its `matrices` holds those of all copies, one below the other.
 *
 * @param weights - w, one a copy: 1/√m each for an assembly without a dominant member
 * @throws RangeError as `graphNetwork`, and when there are no weights or they are not finite
 * @see Liu, Zhu and Belkin, arXiv:2203.05104
 */
export function assembly(
  engine: Engine,
  layer: Layer,
  { weights, ...sizes }: NetworkSizes & { readonly weights: ArrayLike<number> },
): TapeModel {
  if (weights.length === 0)
    throw new RangeError("assembly: there are no weights, expected one for each copy of the network");
  const wrong = Array.from(weights).findIndex((weight) => !Number.isFinite(weight));
  if (wrong >= 0)
    throw new RangeError(`assembly: weights[${wrong}] is ${weights[wrong]}, expected a finite number`);
  return tapeModel(engine, compile(layer, sizes, weights));
}
