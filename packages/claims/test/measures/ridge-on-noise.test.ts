import { asMatrix, openEngine, random, transpose } from "lineament";
import { describe, expect, it } from "vitest";
import { gaussianVector, whitenedFeatures } from "../../src/data/index.ts";
import {
  column,
  kernelRegression,
  modeCoordinates,
  product,
  ridgeOnNoise,
  ridgeWeights,
  rootMeanSquare,
  rowProducts,
  sampleModes,
  type SampleModes,
  tradeOff,
  tradeOffSettings,
} from "../../src/measures/index.ts";

const engine = await openEngine({ engine: "plain" });

describe("ridge regression on noise", () => {
  it.each([
    [5, 0.3],
    [12, 0.3],
    [30, 0.3],
    [30, 0],
  ])("has the errors of its weights: p = %d, λ = %d", async (p, ridge) => {
    const n = 12;
    const generator = random(p);
    const z = whitenedFeatures("gaussian", n, p, generator);
    const noise = gaussianVector(n, generator);
    const weights = await kernelRegression(engine, {
      kernel: await rowProducts(engine, z),
      cross: transpose(z),
      targets: column(noise),
      ridge: n * ridge,
    });
    (await ridgeWeights(engine, z, noise, ridge)).forEach((weight, j) =>
      expect(weight).toBeCloseTo(weights.data[j]!, 11),
    );
    const outputs = await product(engine, z, weights);
    const modes = await sampleModes(engine, z);
    const { training, excess } = ridgeOnNoise(modes, energiesOf(modes, noise), ridge);
    expect(excess).toBeCloseTo(Math.hypot(...weights.data) ** 2, 10);
    expect(training).toBeCloseTo(rootMeanSquare(noise.map((value, i) => value - outputs.data[i]!)) ** 2, 10);
  });

  it("with fewer features than examples and no ridge is least squares", async () => {
    const z = asMatrix([[2], [0], [0], [0]]);
    const modes = await sampleModes(engine, z);
    expect(modes.values).toEqual(Float64Array.of(0, 0, 0, 1));
    const noise = Float64Array.of(3, 1, 1, 1);
    expect(ridgeOnNoise(modes, energiesOf(modes, noise), 0)).toEqual({ training: 3 / 4, excess: 9 / 4 });
    expect(await ridgeWeights(engine, z, noise)).toEqual(Float64Array.of(3 / 2));
  });
});

describe("the trade-off", () => {
  it("leaves out interpolation where it is impossible, and has noise of size 1", async () => {
    const chosen = {
      ...tradeOffSettings.parse({ features: [5, 40], samples: 20, draws: 3 }),
      ridges: [0, 1e9],
    };
    const laboratory = { engine, signal: new AbortController().signal, progress: () => undefined };
    const predictors = await tradeOff(chosen, laboratory);
    expect(predictors.map(({ kind, features, ridge }) => [kind, features, ridge])).toEqual(
      ["gaussian", "student", "cosine"].flatMap((kind) => [
        [kind, 5, 1e9],
        [kind, 40, 0],
        [kind, 40, 1e9],
      ]),
    );
    for (const { ridge, training, excess } of predictors)
      if (ridge === 0) expect(training).toBe(0);
      else {
        // Eigenvalues are some tens: they change 1 by 10⁻⁷.
        expect(training).toBeCloseTo(1, 6);
        expect(excess).toBeLessThan(1e-15);
      }
  });
});

function energiesOf(modes: SampleModes, labels: Float64Array): Float64Array {
  return modeCoordinates(modes, labels).map((value) => value ** 2);
}
