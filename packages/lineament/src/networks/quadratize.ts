import { type Matrix, zeros } from "../linalg/index.ts";
import { checkDegree, checkParameters } from "./checks.ts";
import { combination } from "./combination.ts";
import type { Model } from "./model.ts";
import type { Workspace } from "./workspace.ts";

type Doubles = Matrix<Float64Array>;

/**
 * The model that is quadratic in its parameters and agrees with `model` to second order at θ₀, with Δ = θ − θ₀
 *
 *     q(θ, x) = f(θ₀, x) + J(θ₀, x) Δ + ½ Δᵀ H(θ₀, x) Δ.
 *
 * Values cost a jet of degree 2, gradients Jᵀ r + Σ r_io H_io Δ a backward pass and a Hessian-vector product, all at θ₀.
 * Where activations have kinks, H is that of the smooth pieces: `frozenGates` is the same in closed form.
 *
 * @param theta0 - copied
 * @throws RangeError when θ₀ is not as long as the model has parameters
 * @see Zhu, Liu, Radhakrishnan and Belkin, arXiv:2205.11787
 */
export function quadratize(model: Model, theta0: Float64Array): Model {
  checkParameters("quadratize", "theta0", model, theta0);
  const { engine, inputs, outputs, parameters, rates } = model;
  const start = theta0.slice();
  const displacement = (call: string, theta: Float64Array, room?: Workspace): Float64Array => {
    checkParameters(call, "theta", model, theta);
    return plus(theta, -1, start, room);
  };
  /** ½ uᵀ H u for every row and output. */
  const halfSquare = async (x: Matrix, u: Float64Array): Promise<Doubles> =>
    (await model.jet(start, x, u, 2))[2]!;

  const valueAt = async (x: Matrix, delta: Float64Array, room?: Workspace): Promise<Doubles> => {
    const [base, first, second] = await model.jet(start, x, delta, 2);
    return combination(combination(base!, 1, first!, room), 1, second!, room);
  };
  /** J v + Δᵀ H v. */
  const tangentAt = async (
    x: Matrix,
    delta: Float64Array,
    v: Float64Array,
    room?: Workspace,
  ): Promise<Doubles> => {
    const { tangent } = await model.tangent(start, x, v, room);
    const scale = norm(delta) / norm(v);
    if (!(scale > 0 && scale < Infinity)) return tangent;
    // ½ (Δ + s v)ᵀ H (Δ + s v) − ½ (Δ − s v)ᵀ H (Δ − s v) = 2 s Δᵀ H v, with both of one length against cancellation.
    const sum = await halfSquare(x, plus(delta, scale, v, room));
    const difference = await halfSquare(x, plus(delta, -scale, v, room));
    return combination(tangent, 1 / (2 * scale), combination(sum, -1, difference, room), room);
  };

  return {
    engine,
    inputs,
    outputs,
    parameters,
    rates,

    value: async (theta, x, room) => valueAt(x, displacement("value", theta, room), room),

    async tangent(theta, x, v, room) {
      checkParameters("tangent", "v", model, v);
      const delta = displacement("tangent", theta, room);
      return { value: await valueAt(x, delta, room), tangent: await tangentAt(x, delta, v, room) };
    },

    async pullback(theta, x, room) {
      const delta = displacement("pullback", theta, room);
      const value = await valueAt(x, delta, room);
      const { pull } = await model.pullback(start, x, room);
      return {
        value,
        pull: async (r) => plus(await pull(r), 1, await model.curvature(start, x, r, delta, room), room),
      };
    },

    async curvature(theta, x, r, v, room) {
      checkParameters("curvature", "theta", model, theta);
      return model.curvature(start, x, r, v, room);
    },

    async jet(theta, x, v, degree) {
      checkDegree(degree);
      checkParameters("jet", "v", model, v);
      const delta = displacement("jet", theta);
      const all = [await valueAt(x, delta)];
      if (degree > 0) all.push(await tangentAt(x, delta, v));
      if (degree > 1) all.push(await halfSquare(x, v));
      while (all.length <= degree) all.push(zeros(x.rows, outputs));
      return all;
    },
  };
}

/** a + factor · b. */
function plus(a: Float64Array, factor: number, b: Float64Array, room?: Workspace): Float64Array {
  const row = (data: Float64Array): Doubles => ({ data, rows: 1, cols: data.length });
  return combination(row(a), factor, row(b), room).data;
}

function norm(a: Float64Array): number {
  let sum = 0;
  for (const value of a) sum += value * value;
  return Math.sqrt(sum);
}
