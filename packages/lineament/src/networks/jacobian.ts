import { type Matrix, rowRange } from "../linalg/index.ts";
import { breather } from "../linalg/queue.ts";
import { checkInputs, checkParameters } from "./checks.ts";
import type { Model } from "./model.ts";
import { workspace } from "./workspace.ts";

/**
 * J(x): one row for every output of every row of x, in the order of a flattened n × O matrix (row i O + o is ∂f_o(x_i)/∂θ).
 * By nO backward passes of single rows; nO × P numbers of memory.
 *
 * @throws RangeError when θ or x do not fit the model
 */
export async function jacobian(
  model: Model,
  theta: Float64Array,
  x: Matrix,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Matrix<Float64Array>> {
  signal?.throwIfAborted();
  checkParameters("jacobian", "theta", model, theta);
  const { engine, outputs } = model;
  const rows = checkInputs("jacobian", model, x);
  const result = engine.allocate(x.rows * outputs, model.parameters, "float64") as Matrix<Float64Array>;
  const room = workspace(engine);
  const pause = breather(signal);
  for (let i = 0; i < x.rows; i++) {
    room.rewind();
    const { pull } = await model.pullback(theta, rowRange(rows, i, i + 1), room);
    const mark = room.mark();
    for (let o = 0; o < outputs; o++) {
      room.rewind(mark);
      const unit = room.take(1, outputs);
      unit.data.fill(0);
      unit.data[o] = 1;
      result.data.set(await pull(unit), (i * outputs + o) * model.parameters);
      await pause();
    }
  }
  return result;
}
