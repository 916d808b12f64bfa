import { type Engine, type Matrix, random, zeros } from "../../linalg/index.ts";
import { checkDegree, checkInputs, checkOutputs, checkParameters } from "../checks.ts";
import type { Network } from "../model.ts";
import type { Workspace } from "../workspace.ts";
import { forward, reverse, type Series } from "./evaluate.ts";
import { scale } from "./primitives.ts";
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
  /** Entries at initialization: normal, or ± std with equal chances. */
  readonly start: "normal" | "signs";
  /** ρ, the learning-rate multiplier. */
  readonly rate: number;
  /** The layer whose weights it holds; undefined for biases and whatever else. */
  readonly weightsOf?: "dense" | "convolution" | undefined;
  /** The factor by which the weights of a layer enter: σ_w/√fan-in in NTK parameterization. */
  readonly scale: number;
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
   * The output, n × O, written with the primitives of the tape (`matmul`, `add`, `activate`, …); called anew for every
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
    if (![given.rows, given.cols].every((size) => Number.isInteger(size) && size >= 1))
      throw new RangeError(
        `tapeModel: ${given.name} is a matrix of ${given.rows} × ${given.cols}, expected whole numbers of at least 1`,
      );
    const offset = parameters;
    parameters += given.rows * given.cols;
    return { std: 1, start: "normal", rate: 1, scale: 1, ...given, offset };
  });
  const symbols = matrices.map(({ rows, cols }, index) => variable(index, rows, cols));

  const sizes = { inputs, outputs, parameters };

  const views = (flat: Float64Array): Values[] =>
    matrices.map(({ offset, rows, cols }) => ({
      data: flat.subarray(offset, offset + rows * cols),
      rows,
      cols,
    }));
  const point = (call: string, theta: Float64Array): Series[] => {
    checkParameters(call, "theta", sizes, theta);
    return views(theta).map((value) => [value]);
  };
  /** θ + t v. */
  const line = (call: string, theta: Float64Array, v: Float64Array): Series[] => {
    checkParameters(call, "theta", sizes, theta);
    checkParameters(call, "v", sizes, v);
    const direction = views(v);
    return views(theta).map((value, p) => [value, direction[p]]);
  };
  const emptyGradient = (room: Workspace | undefined): Float64Array =>
    room?.take(1, parameters).data.fill(0) ?? new Float64Array(parameters);
  const record = (call: string, x: Matrix): readonly Expression[] => {
    const input = checkInputs(call, sizes, x);
    const root = x.rows === 0 ? constant(zeros(0, outputs)) : network.output(constant(input), symbols);
    if (root.rows !== x.rows || root.cols !== outputs)
      throw new RangeError(
        `${call}: the network's output is ${root.rows} × ${root.cols}, expected ${x.rows} × ${outputs}`,
      );
    // What is not computed belongs to the caller: a copy.
    return tapeOf(root.kind === "constant" || root.kind === "variable" ? scale(root, 1) : root);
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
    ...sizes,
    matrices,
    rates: ratesOf(matrices, parameters),

    initialize(seed) {
      const generator = random(seed);
      const theta = engine.allocate(1, parameters, "float64").data as Float64Array;
      for (const { offset, rows, cols, std, start } of matrices)
        for (let at = offset; at < offset + rows * cols; at++) {
          const normal = generator.normal();
          theta[at] = std * (start === "signs" ? Math.sign(normal) : normal);
        }
      return theta;
    },

    async value(theta, x, room) {
      const [value] = await rootSeries(record("value", x), point("value", theta), 0, room);
      return value!;
    },

    async tangent(theta, x, v, room) {
      const [value, tangent] = await rootSeries(record("tangent", x), line("tangent", theta, v), 1, room);
      return { value: value!, tangent: tangent! };
    },

    async pullback(theta, x, room) {
      const tape = record("pullback", x);
      const evaluation = { engine, degree: 0, room } as const;
      const values = await forward(evaluation, tape, point("pullback", theta), true);
      const last = values.get(tape.at(-1)!)![0]!;
      const value = room?.take(last.rows, last.cols) ?? zeros(last.rows, last.cols);
      value.data.set(last.data); // a copy: whoever turns it into a residual in place must not change the way back
      return {
        value,
        async pull(r) {
          const seed = checkOutputs("pull", "r", sizes, x.rows, r);
          const gradient = emptyGradient(room);
          await reverse(evaluation, tape, values, seed, views(gradient));
          return gradient;
        },
      };
    },

    async curvature(theta, x, r, v, room) {
      const along = line("curvature", theta, v);
      const seed = checkOutputs("curvature", "r", sizes, x.rows, r);
      const tape = record("curvature", x);
      const evaluation = { engine, degree: 1, room } as const;
      const values = await forward(evaluation, tape, along, true);
      const product = emptyGradient(room);
      await reverse(evaluation, tape, values, seed, views(product));
      return product;
    },

    async jet(theta, x, v, degree) {
      checkDegree(degree);
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
