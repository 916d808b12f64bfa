import { type Matrix, zeros } from "../linalg/index.ts";
import { checkDegree, checkInputs, checkOutputs, checkParameters } from "./checks.ts";
import { combination } from "./combination.ts";
import type { Model } from "./model.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The model that is linear in its parameters and agrees with `model` to first order at θ₀:
 * f_lin(θ, x) = f(θ₀, x) + J(θ₀, x)(θ − θ₀). Its tangent kernel is that of `model` at θ₀ wherever θ is; its Hessians are 0.
 *
 * @param theta0 - copied
 * @throws RangeError when θ₀ is not as long as the model has parameters
 * @see Lee et al., arXiv:1902.06720
 */
export function linearize(model: Model, theta0: Float64Array): Model {
  checkParameters("linearize", "theta0", model, theta0);
  const { engine, inputs, outputs, parameters, rates, structuredTangentKernel } = model;
  const start = theta0.slice();
  const displacement = (call: string, theta: Float64Array, room?: Workspace): Float64Array => {
    checkParameters(call, "theta", model, theta);
    return combination(row(theta), -1, row(start), room).data;
  };

  const value: Model["value"] = async (theta, x, room) => {
    const base = await model.tangent(start, x, displacement("value", theta, room), room);
    return combination(base.value, 1, base.tangent, room);
  };
  const tangent: Model["tangent"] = async (theta, x, v, room) => {
    checkParameters("tangent", "v", model, v);
    return { value: await value(theta, x, room), tangent: (await model.tangent(start, x, v, room)).tangent };
  };

  return {
    engine,
    inputs,
    outputs,
    parameters,
    rates,
    value,
    tangent,

    async pullback(theta, x, room) {
      return { value: await value(theta, x, room), pull: (await model.pullback(start, x, room)).pull };
    },

    async curvature(theta, x, r, v) {
      checkParameters("curvature", "theta", model, theta);
      checkParameters("curvature", "v", model, v);
      checkInputs("curvature", model, x);
      checkOutputs("curvature", "r", model, x.rows, r);
      return new Float64Array(parameters);
    },

    async jet(theta, x, v, degree) {
      checkDegree(degree);
      const first = await tangent(theta, x, v);
      const line = [first.value, first.tangent].slice(0, degree + 1);
      return [...line, ...Array.from({ length: Math.max(0, degree - 1) }, () => zeros(x.rows, outputs))];
    },

    structuredTangentKernel:
      structuredTangentKernel && ((_theta, x, z, kept) => structuredTangentKernel(start, x, z, kept)),
  };
}

function row(data: Float64Array): Matrix<Float64Array> {
  return { data, rows: 1, cols: data.length };
}
