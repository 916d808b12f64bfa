import { z } from "zod";
import { type Engine, type Matrix, zeros } from "../linalg/index.ts";
import type { FeatureMap } from "./feature-map.ts";
import { type FeatureFitOptions, featureFitSchema, featureMachine } from "./feature-regression.ts";
import { hiddenLayer, type HiddenLayerOptions } from "./hidden-layer.ts";

const schema = z.strictObject({
  ...featureFitSchema,
  neurons: z.int().positive().default(1000).describe("N, random neurons: as many features"),
});

/** Options of `RandomFeatures.fit`: which random network, and how its readout is fitted. */
export type RandomFeaturesOptions = z.input<typeof schema> & FeatureFitOptions;

/**
 * Ridge regression on random features: the readout of a two-layer network whose N hidden neurons stay as they were drawn,
 * f(x) = N^(−1/2) Σ_i a_i σ(σ_w ⟨w_i, x⟩/√d + σ_b β_i). As N grows it becomes kernel ridge regression with the NNGP kernel.
 * Inputs are standardized; λ is the one with the least leave-one-out error unless given.
 *
 * @example
 * const machine = await RandomFeatures.fit(x, y, { neurons: 2000, activation: "gelu" });
 *
 * @see Rahimi and Recht, "Random features for large-scale kernel machines", 2007
 */
export const RandomFeatures = featureMachine(
  schema,
  (engine, inputs, { neurons, activation, weightStd, biasStd, seed }) =>
    randomFeatureMap(engine, { inputs, neurons, activation, weightStd, biasStd, seed }),
);

/** φ(x)_i = N^(−1/2) σ(z_i(x)). */
export function randomFeatureMap(engine: Engine, options: HiddenLayerOptions): FeatureMap {
  const layer = hiddenLayer(engine, options);
  const features = async (x: Matrix): Promise<Matrix<Float64Array>> => {
    const values = await layer.activations(layer.extended(x), "value");
    const scale = 1 / Math.sqrt(options.neurons);
    for (let at = 0; at < values.data.length; at++) values.data[at]! *= scale;
    return values;
  };
  return {
    inputs: options.inputs,
    size: options.neurons,
    features,
    async gram(x, z) {
      const result = zeros(x.rows, (z ?? x).rows);
      const a = await features(x);
      if (z) await engine.gemm({ a, b: await features(z), c: result, transposeB: true });
      else await engine.syrk({ a, c: result });
      return result;
    },
    async pull(x, a) {
      const result = zeros(options.neurons, a.cols);
      await engine.gemm({ a: await features(x), b: a, c: result, transposeA: true });
      return result;
    },
    async values(x, b) {
      const result = zeros(x.rows, b.cols);
      await engine.gemm({ a: await features(x), b, c: result });
      return result;
    },
  };
}
