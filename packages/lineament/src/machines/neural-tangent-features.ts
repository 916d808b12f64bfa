import { z } from "zod";
import { type Engine, type Matrix, zeros } from "../linalg/index.ts";
import type { FeatureMap } from "./feature-map.ts";
import { type FeatureFitOptions, featureFitSchema, featureMachine } from "./feature-regression.ts";
import { hiddenLayer, type HiddenLayerOptions } from "./hidden-layer.ts";

const trainedLayers = z
  .enum(["both", "first"])
  .default("both")
  .describe("layers whose tangent counts: both, or the first alone with the readout at a = ±1");

const schema = z.strictObject({
  ...featureFitSchema,
  neurons: z
    .int()
    .positive()
    .default(500)
    .describe("N, neurons: N (d + 1) features of the first layer, N of the readout"),
  trained: trainedLayers,
});

/** Options of `NeuralTangentFeatures.fit`: which network is linearized, and how it is fitted. */
export type NeuralTangentFeaturesOptions = z.input<typeof schema> & FeatureFitOptions;

/**
 * Ridge regression on the tangent features of a finite two-layer network at its start: the network
 * f(x) = N^(−1/2) Σ_i a_i σ(σ_w ⟨w_i, x⟩/√d + σ_b β_i), linearized in its weights and trained to the end with weight decay λ. As N grows it
 * becomes kernel ridge regression with the NTK. Inputs are standardized; λ is the one with the least leave-one-out error unless given.
 *
 * @example
 * const machine = await NeuralTangentFeatures.fit(x, y, { neurons: 500, activation: "relu" });
 *
 * @see Jacot, Gabriel and Hongler, arXiv:1806.07572; Ghorbani, Mei, Misiakiewicz and Montanari, arXiv:1904.12191
 */
export const NeuralTangentFeatures = featureMachine(
  schema,
  (engine, inputs, { neurons, activation, weightStd, biasStd, seed, trained }) =>
    neuralTangentFeatureMap(engine, { inputs, neurons, activation, weightStd, biasStd, seed, trained }),
);

/** Which network is linearized, and in which of its layers. */
export interface NeuralTangentFeatureMapOptions extends HiddenLayerOptions {
  readonly trained: z.output<typeof trainedLayers>;
}

/**
 * The gradient of the network with respect to the weights of its first layer, N^(−1/2) a_i σ′(z_i) x̃ with x̃ = [σ_w x/√d, σ_b], and of its
 * readout, N^(−1/2) σ(z_i): N (d + 1) features neuron by neuron, then (with `both`) N more. Gram matrices, ΦᵀA and Φb go through the layer's
 * two n × N matrices, never through all features.
 */
export function neuralTangentFeatureMap(
  engine: Engine,
  { trained, ...options }: NeuralTangentFeatureMapOptions,
): FeatureMap {
  const layer = hiddenLayer(engine, options);
  const { neurons: count, inputs } = options;
  const d = inputs + 1;
  const readout = trained === "both";
  const first = count * d;
  const root = 1 / Math.sqrt(count);

  /** x̃, S′ (signed and scaled) and, with the readout, S (scaled). */
  const parts = async (
    x: Matrix,
  ): Promise<{
    extended: Matrix<Float64Array>;
    slopes: Matrix<Float64Array>;
    values: Matrix<Float64Array> | undefined;
  }> => {
    const extended = layer.extended(x);
    const slopes = await layer.activations(extended, "slope");
    for (let at = 0; at < slopes.data.length; at++) slopes.data[at]! *= root * layer.signs[at % count]!;
    const values = readout ? await layer.activations(extended, "value") : undefined;
    if (values) for (let at = 0; at < values.data.length; at++) values.data[at]! *= root;
    return { extended, slopes, values };
  };

  return {
    inputs,
    size: first + (readout ? count : 0),
    async features(x) {
      const { extended, slopes, values } = await parts(x);
      const width = first + (readout ? count : 0);
      const result = zeros(x.rows, width);
      for (let j = 0; j < x.rows; j++) {
        for (let i = 0; i < count; i++) {
          const slope = slopes.data[j * count + i]!;
          for (let k = 0; k < d; k++) result.data[j * width + i * d + k] = slope * extended.data[j * d + k]!;
        }
        if (values) result.data.set(values.data.subarray(j * count, (j + 1) * count), j * width + first);
      }
      return result;
    },
    async gram(x, z) {
      const own = await parts(x);
      const other = z ? await parts(z) : own;
      const product = async (a: Matrix, b: Matrix): Promise<Matrix<Float64Array>> => {
        const c = zeros(a.rows, b.rows);
        if (a === b) await engine.syrk({ a, c });
        else await engine.gemm({ a, b, c, transposeB: true });
        return c;
      };
      const result = await product(own.extended, other.extended);
      const slopes = await product(own.slopes, other.slopes);
      for (let at = 0; at < result.data.length; at++) result.data[at]! *= slopes.data[at]!;
      if (own.values && other.values) {
        const values = await product(own.values, other.values);
        for (let at = 0; at < result.data.length; at++) result.data[at]! += values.data[at]!;
      }
      return result;
    },
    async pull(x, a) {
      const { extended, slopes, values } = await parts(x);
      const [n, c] = [x.rows, a.cols];
      const result = zeros(first + (readout ? count : 0), c);
      const weighted = zeros(n, count);
      const block = zeros(count, d);
      for (let l = 0; l < c; l++) {
        for (let j = 0; j < n; j++)
          for (let i = 0; i < count; i++)
            weighted.data[j * count + i] = slopes.data[j * count + i]! * a.data[j * c + l]!;
        await engine.gemm({ a: weighted, b: extended, c: block, transposeA: true });
        for (let at = 0; at < first; at++) result.data[at * c + l] = block.data[at]!;
      }
      if (values) {
        const tail = zeros(count, c);
        await engine.gemm({ a: values, b: a, c: tail, transposeA: true });
        result.data.set(tail.data, first * c);
      }
      return result;
    },
    async values(x, b) {
      const { extended, slopes, values } = await parts(x);
      const [n, c] = [x.rows, b.cols];
      const result = zeros(n, c);
      if (values)
        await engine.gemm({
          a: values,
          b: { data: b.data.subarray(first * c), rows: count, cols: c },
          c: result,
        });
      const block = zeros(count, d);
      const moved = zeros(n, count);
      for (let l = 0; l < c; l++) {
        for (let at = 0; at < first; at++) block.data[at] = b.data[at * c + l]!;
        await engine.gemm({ a: extended, b: block, c: moved, transposeB: true });
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let i = 0; i < count; i++) sum += slopes.data[j * count + i]! * moved.data[j * count + i]!;
          result.data[j * c + l]! += sum;
        }
      }
      return result;
    },
  };
}
