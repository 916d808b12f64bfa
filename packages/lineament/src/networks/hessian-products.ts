import { type Matrix, zeros } from "../linalg/index.ts";
import { queue } from "../linalg/queue.ts";
import { checkInputs, checkOutputs, checkParameters } from "./checks.ts";
import { type LossName, lossOf } from "./loss.ts";
import type { Model } from "./model.ts";
import { workspace } from "./workspace.ts";

/** v ↦ H v for a symmetric H that is never stored: what Lanczos and power iterations ask for. */
export type HessianProduct = (v: Float64Array) => Promise<Float64Array>;

/**
 * The Hessian of the loss as a product, v ↦ Jᵀ (ℓ″ ⊙ J v) + Σ_io ℓ′_io H_io v: the Gauss-Newton part and that of the model's own
 * curvature. The whole Hessian in θ: learning-rate multipliers play no part.
 *
 * @throws RangeError when θ, x or y do not fit
 * @see Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6, 1994
 */
export async function lossHessianProduct(
  model: Model,
  theta: Float64Array,
  x: Matrix,
  y: Matrix,
  loss: LossName = "half-squares",
): Promise<HessianProduct> {
  checkParameters("lossHessianProduct", "theta", model, theta);
  const rows = checkInputs("lossHessianProduct", model, x);
  const targets = checkOutputs("lossHessianProduct", "y", model, x.rows, y);
  const room = workspace(model.engine);
  const { value, pull } = await model.pullback(theta, rows, room);
  const slopes = room.take(value.rows, value.cols);
  const weights = room.take(value.rows, value.cols);
  lossOf(loss).slopes(value, targets, slopes.data);
  lossOf(loss).curvatures(value, targets, weights.data);
  const mark = room.mark();
  const calls = queue("lossHessianProduct"); // they share the room
  return (v) =>
    calls.run(async () => {
      room.rewind(mark);
      const { tangent } = await model.tangent(theta, rows, v, room);
      const weighted = room.take(tangent.rows, tangent.cols);
      for (let at = 0; at < weighted.data.length; at++)
        weighted.data[at] = weights.data[at]! * tangent.data[at]!;
      const product = Float64Array.from(await pull(weighted));
      const bent = await model.curvature(theta, rows, slopes, v, room);
      for (let k = 0; k < product.length; k++) product[k]! += bent[k]!;
      return product;
    });
}

/**
 * The Hessian of Σ_io r_io f_o(x_i) as a product. One row of x and one output (r absent: all 1) is the Hessian of an output,
 * whose norm falls as 1/√width where networks become linear.
 *
 * @throws RangeError when θ, x or r do not fit
 */
export function outputHessianProduct(
  model: Model,
  theta: Float64Array,
  x: Matrix,
  r?: Matrix,
): HessianProduct {
  checkParameters("outputHessianProduct", "theta", model, theta);
  const rows = checkInputs("outputHessianProduct", model, x);
  const weights = r
    ? checkOutputs("outputHessianProduct", "r", model, x.rows, r)
    : { ...zeros(x.rows, model.outputs), data: new Float64Array(x.rows * model.outputs).fill(1) };
  const room = workspace(model.engine);
  const calls = queue("outputHessianProduct"); // they share the room
  return (v) =>
    calls.run(async () => {
      room.rewind();
      return Float64Array.from(await model.curvature(theta, rows, weights, v, room));
    });
}
