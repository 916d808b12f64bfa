import { describe, expect, test } from "vitest";
import { type Matrix, random } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  effectiveRank,
  type RankMinimizingAutoencoderOptions,
  rankMinimizingAutoencoder,
} from "../../src/linear/index.ts";
import { lossOf, train } from "../../src/networks/index.ts";
import { expectClose, filled, normals, product } from "../contracts/data.ts";

const engine = plainEngine();
const sizes = { inputs: 6, hidden: 8, latent: 5 } as const;
const x = normals(40, 6, 1);

/** The network of the definition, layer by layer. */
function byHand(theta: Float64Array, linearLayers: number): { code: Float64Array; output: Float64Array } {
  const { inputs, hidden, latent } = sizes;
  let at = 0;
  const take = (rows: number, cols: number) => ({
    data: theta.subarray(at, (at += rows * cols)),
    rows,
    cols,
  });
  let h = x;
  const layer = (inWidth: number, outWidth: number, biases: boolean, relu: boolean): void => {
    const w = take(outWidth, inWidth);
    const b = biases ? take(1, outWidth).data : new Float64Array(outWidth);
    const z = product(
      h,
      filled(inWidth, outWidth, (i, j) => w.data[j * inWidth + i]!),
    );
    h = filled(40, outWidth, (i, j) => {
      const value = z.data[i * outWidth + j]! + b[j]!;
      return relu ? Math.max(0, value) : value;
    });
  };
  layer(inputs, hidden, true, true);
  layer(hidden, latent, true, false);
  for (let l = 0; l < linearLayers; l++) layer(latent, latent, false, false);
  const code = h.data;
  layer(latent, hidden, true, true);
  layer(hidden, inputs, true, false);
  expect(at).toBe(theta.length);
  return { code, output: h.data };
}

for (const linearLayers of [0, 1, 3])
  describe(`an autoencoder with ${linearLayers} linear layers`, () => {
    const autoencoder = rankMinimizingAutoencoder(engine, { ...sizes, linearLayers });
    const theta = autoencoder.initialize(2);

    test("is decoder after linear layers after encoder", async () => {
      const { code, output } = byHand(theta, linearLayers);
      const value = await autoencoder.value(theta, x);
      expectClose(value.data, output, 1e-13);
      const encoded = await autoencoder.encode(theta, x);
      expectClose(encoded.data, code, 1e-13);
      expectClose((await autoencoder.decode(theta, encoded)).data, output, 1e-13);
    });

    test("starts uniform within 1/√fan-in, the same for the same seed", () => {
      expect(autoencoder.initialize(2)).toEqual(theta);
      expect(autoencoder.initialize(3)).not.toEqual(theta);
      const first = theta.subarray(0, 8 * 6 + 8);
      expect(Math.max(...first.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(6));
      expect(Math.max(...first.map(Math.abs))).toBeGreaterThan(0.9 / Math.sqrt(6));
      expect(Math.max(...theta.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(5));
    });

    test("collapses to one without linear layers and the same function and codes", async () => {
      const { autoencoder: collapsed, theta: fewer } = await autoencoder.collapse(theta);
      expect(collapsed.linearLayers).toBe(0);
      expect(fewer).toHaveLength(theta.length - linearLayers * 25);
      expectClose((await collapsed.value(fewer, x)).data, (await autoencoder.value(theta, x)).data, 1e-12);
      expectClose((await collapsed.encode(fewer, x)).data, (await autoencoder.encode(theta, x)).data, 1e-12);
    });

    test("knows the spectrum of its codes", async () => {
      const { code } = byHand(theta, linearLayers);
      const mean = Array.from(
        { length: 5 },
        (_, k) => code.reduce((sum, z, at) => sum + (at % 5 === k ? z : 0), 0) / 40,
      );
      const spectrum = await autoencoder.latentSpectrum(theta, x);
      const trace = code.reduce((sum, z, at) => sum + (z - mean[at % 5]!) ** 2, 0) / 40;
      expect(spectrum).toHaveLength(5);
      expect(spectrum.reduce((sum, value) => sum + value, 0)).toBeCloseTo(trace, 12);
      expect(spectrum).toEqual(spectrum.toSorted().toReversed());
      expect(spectrum[4]).toBeGreaterThanOrEqual(0);
    });
  });

/** Points of a bent surface of two dimensions in ℝ¹²: tanh(z W + b) V, z uniform, centered, of standard deviation 1. */
function surface(n: number, seed: number): Matrix<Float64Array> {
  const draw = random(seed);
  const uniform = (rows: number, cols: number) => filled(rows, cols, () => 2 * draw.uniform() - 1);
  const [z, offsets] = [uniform(n, 2), uniform(1, 30).data];
  const bent = product(z, normals(2, 30, seed + 1));
  bent.data.forEach((value, at) => (bent.data[at] = Math.tanh(value + offsets[at % 30]!)));
  const points = product(bent, normals(30, 12, seed + 2));
  const mean = filled(1, 12, (_, k) =>
    points.data.reduce((sum, x, at) => sum + (at % 12 === k ? x / n : 0), 0),
  );
  const centered = points.data.map((value, at) => value - mean.data[at % 12]!);
  const size = Math.sqrt(centered.reduce((sum, value) => sum + value * value, 0) / centered.length);
  return { ...points, data: centered.map((value) => value / size) };
}

test(
  "linear layers make the code low-rank: as many dimensions as the data have",
  { timeout: 60_000 },
  async () => {
    const data = surface(500, 4);
    const spectra: Float64Array[] = [];
    for (const linearLayers of [0, 4]) {
      const autoencoder = rankMinimizingAutoencoder(engine, { inputs: 12, linearLayers });
      const { parameters, outcome } = await train(autoencoder, autoencoder.initialize(0), {
        x: data,
        y: data,
        loss: "mean-squares",
        learningRate: 0.05 / 12,
        momentum: 0.9,
        batch: 50,
        steps: 1500,
      });
      expect(outcome).toBe("finished");
      const output = await autoencoder.value(parameters, data);
      expect(lossOf("mean-squares").value(output, data) / 12).toBeLessThan(0.01);
      spectra.push(await autoencoder.latentSpectrum(parameters, data));
    }
    const large = spectra.map((values) => values.filter((value) => value > 0.01 * values[0]!).length);
    expect(large[0]).toBeGreaterThanOrEqual(4);
    expect(large[1]).toBe(2);
    expect(effectiveRank(spectra[1]!)).toBeLessThan(effectiveRank(spectra[0]!) - 0.2);
  },
);

describe("what makes no sense is refused:", () => {
  const build = (options: Partial<RankMinimizingAutoencoderOptions>) =>
    rankMinimizingAutoencoder(engine, { ...sizes, ...options });
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    ["no inputs", () => build({ inputs: 0 }), "inputs is 0"],
    ["half a neuron", () => build({ hidden: 0.5 }), "hidden is 0.5"],
    ["an empty code", () => build({ latent: 0 }), "latent is 0"],
    ["a negative depth", () => build({ linearLayers: -1 }), "linearLayers is -1"],
    ["parameters of another network", () => build({}).encode(new Float64Array(3), x), "theta has 3 numbers"],
    ["no rows", () => build({}).latentSpectrum(build({}).initialize(0), normals(0, 6)), "x is 0 × 6"],
    [
      "rows of another length",
      () => build({}).encode(build({}).initialize(0), normals(2, 3)),
      "x has 3 columns",
    ],
  ];
  for (const [what, call, message] of refused)
    test(what, async () => {
      await expect((async () => call())()).rejects.toThrow(RangeError);
      await expect((async () => call())()).rejects.toThrow(message);
    });
});
