import { type Engine, type Matrix, random, rowRange } from "../linalg/index.ts";
import { checkDegree, checkInputs, checkOutputs, checkParameters } from "./checks.ts";
import { type DenseArchitecture, denseArchitecture, type DenseNetworkOptions } from "./dense-architecture.ts";
import {
  biasesOf,
  curvatureAlong,
  type Dense,
  forward,
  pullBack,
  slopesInPlace,
  weightsOf,
} from "./dense-passes.ts";
import { structuredTangentKernel } from "./dense-tangent-kernel.ts";
import { elementwise } from "./elementwise.ts";
import type { Network } from "./model.ts";
import { workspace } from "./workspace.ts";

/** A fully connected network by explicit formulas, and what it is made of. */
export interface DenseNetwork extends Network, Dense, DenseArchitecture {}

/**
 * A fully connected network f(θ, x): z^l = s_l W^l h^{l−1} + σ_b β^l, h^l = φ(z^l), h⁰ = x, f = z^{L+1} (or φ_out of it), with the
 * scales s_l, σ_b of its parameterization. θ holds W¹ (row-major, one row a neuron), β¹ (if there are biases), W², β², …;
 * `parametersOf` gives views.
 *
 * @throws RangeError for impossible sizes, deviations or rates
 * @see Jacot et al., arXiv:1806.07572
 */
export function denseNetwork(engine: Engine, options: DenseNetworkOptions): DenseNetwork {
  const architecture = denseArchitecture(options);
  const { layers, parameters } = architecture;
  const dense: Dense = {
    engine,
    layers,
    activations: layers.map(({ activation }) => elementwise(activation)),
  };
  const sizes = { inputs: layers[0]!.inputs, outputs: layers.at(-1)!.outputs, parameters };

  return {
    ...dense,
    ...architecture,
    ...sizes,
    rates: ratesOf(architecture),
    initialize: (seed) => initialize(engine, architecture, seed),

    async value(theta, x, room = workspace(engine)) {
      checkParameters("value", "theta", sizes, theta);
      const passes = await forward(dense, theta, checkInputs("value", sizes, x), room);
      return passes.at(-1)!.h;
    },

    async tangent(theta, x, v, room = workspace(engine)) {
      checkParameters("tangent", "theta", sizes, theta);
      checkParameters("tangent", "v", sizes, v);
      const passes = await forward(dense, theta, checkInputs("tangent", sizes, x), room, { degree: 1, v });
      const [value, tangent] = coefficients(passes.at(-1)!.h, x.rows);
      return { value: value!, tangent: tangent! };
    },

    async pullback(theta, x, room) {
      checkParameters("pullback", "theta", sizes, theta);
      const passes = await forward(
        dense,
        theta,
        checkInputs("pullback", sizes, x),
        room ?? workspace(engine),
      );
      const slopes = slopesInPlace(dense, passes);
      return {
        value: passes.at(-1)!.h,
        async pull(r) {
          const own = room ?? workspace(engine);
          const gradient = own.take(1, parameters).data;
          await pullBack(
            dense,
            theta,
            passes,
            slopes,
            checkOutputs("pull", "r", sizes, x.rows, r),
            gradient,
            own,
          );
          return gradient;
        },
      };
    },

    async curvature(theta, x, r, v, room = workspace(engine)) {
      checkParameters("curvature", "theta", sizes, theta);
      checkParameters("curvature", "v", sizes, v);
      const cotangent = checkOutputs("curvature", "r", sizes, x.rows, r);
      const passes = await forward(dense, theta, checkInputs("curvature", sizes, x), room, { degree: 1, v });
      const product = room.take(1, parameters).data;
      await curvatureAlong(dense, theta, v, passes, cotangent, product, room);
      return product;
    },

    async jet(theta, x, v, degree) {
      checkDegree(degree);
      checkParameters("jet", "theta", sizes, theta);
      checkParameters("jet", "v", sizes, v);
      const doubles = checkInputs("jet", sizes, x);
      const passes = await forward(dense, theta, doubles, workspace(engine), { degree, v });
      return coefficients(passes.at(-1)!.h, x.rows);
    },

    structuredTangentKernel(theta, x, z, outputs) {
      checkParameters("tangentKernel", "theta", sizes, theta);
      return structuredTangentKernel(
        dense,
        theta,
        checkInputs("tangentKernel", sizes, x),
        z && checkInputs("tangentKernel", sizes, z, "z"),
        outputs,
      );
    },
  };
}

/** W and β of one layer, sharing memory with the θ they were taken from. */
export interface LayerParameters {
  /** Outputs × inputs: one row a neuron. */
  readonly weights: Matrix<Float64Array>;
  readonly biases: Float64Array | undefined;
}

/**
 * The parameters of every layer as views of θ, first layer first, readout last: writing to them changes θ.
 * @throws RangeError when θ is not as long as the network has parameters
 */
export function parametersOf(network: DenseArchitecture, theta: Float64Array): readonly LayerParameters[] {
  if (theta.length !== network.parameters)
    throw new RangeError(
      `parametersOf: theta has ${theta.length} numbers, the network has ${network.parameters} parameters`,
    );
  return network.layers.map((layer) => ({
    weights: weightsOf(layer, theta),
    biases: biasesOf(layer, theta),
  }));
}

function coefficients(stacked: Matrix<Float64Array>, n: number): readonly Matrix<Float64Array>[] {
  const count = n === 0 ? 1 : stacked.rows / n;
  return Array.from({ length: count }, (_, k) => rowRange(stacked, k * n, (k + 1) * n));
}

function ratesOf({ layers, parameters }: DenseArchitecture): Float64Array | undefined {
  if (layers.every((layer) => layer.weightRate === 1 && layer.biasRate === 1)) return undefined;
  const rates = new Float64Array(parameters);
  for (const layer of layers) {
    weightsOf(layer, rates).data.fill(layer.weightRate);
    biasesOf(layer, rates)?.fill(layer.biasRate);
  }
  return rates;
}

function initialize(engine: Engine, architecture: DenseArchitecture, seed: number): Float64Array {
  const theta = engine.allocate(1, architecture.parameters, "float64").data as Float64Array;
  const generator = random(seed);
  for (const layer of architecture.layers) {
    const { data } = weightsOf(layer, theta);
    const { start, weightStd } = layer;
    for (let at = 0; at < data.length; at++)
      data[at] =
        weightStd *
        (start === "normal" ? generator.normal() : start === "ones" || generator.uniform() < 0.5 ? 1 : -1);
    const biases = biasesOf(layer, theta);
    if (biases) for (let j = 0; j < biases.length; j++) biases[j] = layer.biasStd * generator.normal();
  }
  if (architecture.symmetrized) symmetrize(parametersOf(architecture, theta));
  return theta;
}

function symmetrize(layers: readonly LayerParameters[]): void {
  const [hidden, readout] = [layers.at(-2)!, layers.at(-1)!];
  const half = hidden.weights.rows / 2;
  hidden.weights.data.copyWithin(half * hidden.weights.cols, 0, half * hidden.weights.cols);
  hidden.biases?.copyWithin(half, 0, half);
  const { data, rows, cols } = readout.weights;
  for (let o = 0; o < rows; o++)
    for (let i = 0; i < half; i++) data[o * cols + half + i] = -data[o * cols + i]!;
  readout.biases?.fill(0);
}
