import { activationFunctions, activationName, type Activation } from "../layers/index.ts";
import { type Engine, type Matrix, random, randomSigns, zeros } from "../linalg/index.ts";

/** The first layer of a network at its start: N neurons with pre-activations z_i = σ_w ⟨w_i, x⟩/√d + σ_b β_i, w, β ~ N(0, 1). */
export interface HiddenLayer {
  readonly neurons: number;
  /** a_i = ±1, the signs of the readout. */
  readonly signs: Float64Array;
  /** x̃ = [σ_w x/√d, σ_b], n × (d + 1): z = x̃ [w, β]ᵀ. */
  extended(x: Matrix): Matrix<Float64Array>;
  /**
   * φ(z) or φ′(z) at every row and neuron, n × N.
   * @throws RangeError when one of them is no finite number
   */
  activations(extended: Matrix<Float64Array>, part: "value" | "slope"): Promise<Matrix<Float64Array>>;
}

/** How a hidden layer is drawn. */
export interface HiddenLayerOptions {
  readonly inputs: number;
  readonly neurons: number;
  readonly activation: Activation;
  /** σ_w. */
  readonly weightStd: number;
  /** σ_b. */
  readonly biasStd: number;
  readonly seed: number;
}

/** Draws a hidden layer; same seed, same layer. */
export function hiddenLayer(
  engine: Engine,
  { inputs: d, neurons, activation, weightStd, biasStd, seed }: HiddenLayerOptions,
): HiddenLayer {
  const generator = random(seed);
  const weights = zeros(neurons, d + 1);
  for (let at = 0; at < weights.data.length; at++) weights.data[at] = generator.normal();
  const signs = randomSigns(neurons, generator);
  const phi = activationFunctions(activation);
  return {
    neurons,
    signs,
    extended(x) {
      const result = zeros(x.rows, d + 1);
      const scale = weightStd / Math.sqrt(d);
      for (let i = 0; i < x.rows; i++) {
        for (let k = 0; k < d; k++) result.data[i * (d + 1) + k] = scale * x.data[i * d + k]!;
        result.data[i * (d + 1) + d] = biasStd;
      }
      return result;
    },
    async activations(extended, part) {
      const z = engine.allocate(extended.rows, neurons, "float64") as Matrix<Float64Array>;
      await engine.gemm({ a: extended, b: weights, c: z, transposeB: true });
      const apply = phi[part];
      for (let at = 0; at < z.data.length; at++) {
        const result = apply(z.data[at]!);
        if (!Number.isFinite(result))
          throw new RangeError(
            `the features are out of range: the ${part} of ${activationName(activation)} at ${z.data[at]} is ${result}; choose a smaller weightStd or another activation`,
          );
        z.data[at] = result;
      }
      return z;
    },
  };
}
