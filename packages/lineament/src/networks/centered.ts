import type { Matrix } from "../linalg/index.ts";
import { checkParameters } from "./checks.ts";
import { combination } from "./combination.ts";
import type { Model } from "./model.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The model that starts at 0: f(θ, x) − f(θ₀, x). Derivatives are those of `model`; every value costs two forward passes.
 *
 * @param theta0 - copied
 * @throws RangeError when θ₀ is not as long as the model has parameters
 */
export function centered(model: Model, theta0: Float64Array): Model {
  checkParameters("centered", "theta0", model, theta0);
  const start = theta0.slice();
  const lessStart = async (
    f: Matrix<Float64Array>,
    x: Matrix,
    room?: Workspace,
  ): Promise<Matrix<Float64Array>> => combination(f, -1, await model.value(start, x, room), room);

  return {
    engine: model.engine,
    inputs: model.inputs,
    outputs: model.outputs,
    parameters: model.parameters,
    rates: model.rates,
    structuredTangentKernel: model.structuredTangentKernel,
    curvature: (...call) => model.curvature(...call),

    value: async (theta, x, room) => lessStart(await model.value(theta, x, room), x, room),

    async tangent(theta, x, v, room) {
      const { value, tangent } = await model.tangent(theta, x, v, room);
      return { value: await lessStart(value, x, room), tangent };
    },

    async pullback(theta, x, room) {
      const { value, pull } = await model.pullback(theta, x, room);
      return { value: await lessStart(value, x, room), pull };
    },

    async jet(theta, x, v, degree) {
      const [value, ...higher] = await model.jet(theta, x, v, degree);
      return [await lessStart(value!, x), ...higher];
    },
  };
}
