import { convert, type Engine, type Matrix, precisionOf, random, zeros } from "../../linalg/index.ts";
import type { Network } from "../model.ts";
import type { Workspace } from "../workspace.ts";
import { forward, reverse, type Series } from "./evaluate.ts";
import { constant, type Expression, tapeOf, type Values, variable } from "./expression.ts";

/** A matrix of parameters, row-major at `offset` in θ. */
export interface ParameterMatrix {
  /** Where in the network it belongs. */
  readonly name: string;
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
  /** Standard deviation at initialization. */
  readonly std: number;
  /** Entries start normal, or ± std with equal chances. */
  readonly law: "normal" | "sign";
  /** ρ, the learning-rate multiplier. */
  readonly rate: number;
}

/** A network that knows its parameter matrices. */
export interface TapeModel extends Network {
  readonly matrices: readonly ParameterMatrix[];
}

/** What a network is made of: sizes, parameter matrices in the order of θ, and the output in terms of x and them. */
export interface TapeNetwork {
  readonly inputs: number;
  readonly outputs: number;
  readonly matrices: readonly (Pick<ParameterMatrix, "name" | "rows" | "cols"> & Partial<ParameterMatrix>)[];
  /**
   * The output, n × O, written with the primitives of the tape (`matmul`, `add`, `pointwise`, …); called anew for every
   * evaluation, because n differs (never with n = 0).
   * @param x - n × d
   * @param parameters - one expression for each parameter matrix
   */
  output(x: Expression, parameters: readonly Expression[]): Expression;
}

/**
 * Any network that the primitives can express, as a `Model`: value, Jacobian products both ways, Hessian-vector products and
 * jets of any degree. All of them evaluate one tape in the arithmetic of truncated power series in t, at θ + t v: degree 0 for
 * the value, 1 for a tangent, k for a jet; the way back at degree 0 gives Jᵀ r, at degree 1 the Hessian-vector product.
 *
 * @throws RangeError when x, θ, v or r have the wrong size, or the output is not n × O
 */
export function tapeModel(engine: Engine, network: TapeNetwork): TapeModel {
  const { inputs, outputs } = network;
  let parameters = 0;
  const matrices = network.matrices.map((given): ParameterMatrix => {
    const offset = parameters;
    parameters += given.rows * given.cols;
    return { std: 1, law: "normal", rate: 1, ...given, offset };
  });
  const symbols = matrices.map(({ rows, cols }, index) => variable(index, rows, cols));

  const views = (flat: Float64Array): Values[] =>
    matrices.map(({ offset, rows, cols }) => ({ data: flat.subarray(offset, offset + rows * cols), rows, cols }));
  const viewed = (call: string, name: string, flat: Float64Array): Values[] => {
    if (flat.length !== parameters)
      throw new RangeError(`${call}: ${name} has ${flat.length} numbers, the network has ${parameters} parameters`);
    return views(flat);
  };
  /** θ + t v. */
  const line = (call: string, theta: Float64Array, v: Float64Array): Series[] => {
    const direction = viewed(call, "v", v);
    return viewed(call, "theta", theta).map((value, p) => [value, direction[p]]);
  };
  const emptyGradient = (room: Workspace | undefined): Float64Array =>
    room?.take(1, parameters).data.fill(0) ?? new Float64Array(parameters);
  const record = (call: string, x: Matrix): readonly Expression[] => {
    if (x.cols !== inputs) throw new RangeError(`${call}: x has ${x.cols} columns, the network has ${inputs} inputs`);
    const root =
      x.rows === 0 ? constant(zeros(0, outputs)) : network.output(constant(float64(x)), symbols);
    if (root.rows !== x.rows || root.cols !== outputs)
      throw new RangeError(
        `${call}: the network's output is ${root.rows} × ${root.cols}, expected ${x.rows} × ${outputs}`,
      );
    return tapeOf(root);
  };
  const cotangent = (call: string, r: Matrix, x: Matrix): Values => {
    if (r.rows !== x.rows || r.cols !== outputs)
      throw new RangeError(`${call}: r is ${r.rows} × ${r.cols}, expected ${x.rows} × ${outputs}`);
    return float64(r);
  };
  const rootSeries = async (
    tape: readonly Expression[],
    variables: readonly Series[],
    degree: number,
    room?: Workspace,
  ): Promise<Values[]> => {
    const root = tape.at(-1)!;
    const series = (await forward({ engine, degree, room }, tape, variables, false)).get(root)!;
    return Array.from({ length: degree + 1 }, (_, k) => series[k] ?? zeros(root.rows, root.cols));
  };

  return {
    engine,
    inputs,
    outputs,
    parameters,
    matrices,
    rates: ratesOf(matrices, parameters),

    initialize(seed) {
      const generator = random(seed);
      const theta = new Float64Array(parameters);
      for (const { offset, rows, cols, std, law } of matrices)
        for (let at = offset; at < offset + rows * cols; at++) {
          const normal = generator.normal();
          theta[at] = std * (law === "sign" ? Math.sign(normal) : normal);
        }
      return theta;
    },

    async value(theta, x, room) {
      const point = viewed("value", "theta", theta).map((value) => [value]);
      const [value] = await rootSeries(record("value", x), point, 0, room);
      return value!;
    },

    async tangent(theta, x, v, room) {
      const [value, tangent] = await rootSeries(record("tangent", x), line("tangent", theta, v), 1, room);
      return { value: value!, tangent: tangent! };
    },

    async pullback(theta, x, room) {
      const point = viewed("pullback", "theta", theta).map((value) => [value]);
      const tape = record("pullback", x);
      const evaluation = { engine, degree: 0, room };
      const values = await forward(evaluation, tape, point, true);
      return {
        value: values.get(tape.at(-1)!)![0]!,
        async pull(r) {
          const seed = cotangent("pull", r, x);
          const gradient = emptyGradient(room);
          await reverse(evaluation, tape, values, seed, views(gradient));
          return gradient;
        },
      };
    },

    async curvature(theta, x, r, v, room) {
      const along = line("curvature", theta, v);
      const seed = cotangent("curvature", r, x);
      const tape = record("curvature", x);
      const evaluation = { engine, degree: 1, room };
      const values = await forward(evaluation, tape, along, true);
      const product = emptyGradient(room);
      await reverse(evaluation, tape, values, seed, views(product));
      return product;
    },

    async jet(theta, x, v, degree) {
      if (!(Number.isInteger(degree) && degree >= 0))
        throw new RangeError(`jet: degree is ${degree}, expected a whole number ≥ 0`);
      return rootSeries(record("jet", x), line("jet", theta, v), degree);
    },
  };
}

function ratesOf(matrices: readonly ParameterMatrix[], parameters: number): Float64Array | undefined {
  if (matrices.every(({ rate }) => rate === 1)) return undefined;
  const rates = new Float64Array(parameters);
  for (const { offset, rows, cols, rate } of matrices) rates.fill(rate, offset, offset + rows * cols);
  return rates;
}

function float64(a: Matrix): Values {
  return precisionOf(a) === "float64" ? (a as Values) : convert(a, "float64");
}
