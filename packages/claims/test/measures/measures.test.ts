import { asMatrix, openEngine, random } from "lineament";
import { describe, expect, it } from "vitest";
import { gaussianMatrix, rowsOf, spherePoints } from "../../src/data/index.ts";
import {
  column,
  hiddenFeatures,
  kernelRegression,
  kernelRelativeError,
  logSlope,
  mean,
  meanSquaredError,
  rootMeanSquare,
  rowProducts,
  sphereKernel,
  standardDeviation,
  tangentFeatures,
  zonalEnergies,
  zonalGram,
} from "../../src/measures/index.ts";
import {
  erfKernel,
  reluDegreeEnergies,
  reluKernel,
  stepDegreeEnergies,
  stepKernel,
} from "../../src/predictions/index.ts";
import { expectVector, vector } from "../vectors/vector.ts";

const engine = await openEngine({ engine: "plain" });

describe("the relative error of a kernel matrix", () => {
  it("agrees with LZ-V23", async () => {
    const one = vector<{ K: number[][]; KN: number[][] }>("LZ-V23");
    const { K, KN } = one.inputs;
    expectVector(one, await kernelRelativeError(engine, asMatrix(K), asMatrix(KN)));
  });

  it("is 0 for the kernel itself, and its factor for a multiple", async () => {
    const x = gaussianMatrix(6, 9, random(1));
    const k = await rowProducts(engine, x);
    expect(await kernelRelativeError(engine, k, k)).toBeLessThan(1e-12);
    const twice = { ...k, data: k.data.map((value) => 2 * value) };
    expect(await kernelRelativeError(engine, k, twice)).toBeCloseTo(1, 12);
  });

  it("leaves its arguments alone and refuses what is not positive definite", async () => {
    const k = asMatrix([
      [1, 2],
      [2, 1],
    ]);
    await expect(kernelRelativeError(engine, k, k)).rejects.toThrow(/2 × 2 kernel matrix is not positive/);
    expect(rowsOf(k)).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });
});

describe("features", () => {
  it("of tangents have the kernel ⟨x, x'⟩ Σ σ′σ′", async () => {
    const x = gaussianMatrix(5, 3, random(2));
    const slopes = await hiddenFeatures(engine, x, gaussianMatrix(4, 3, random(3)), (z) => 1 / (1 + z ** 2));
    const gram = await rowProducts(engine, tangentFeatures(x, slopes));
    const inner = await rowProducts(engine, x);
    const factor = await rowProducts(engine, slopes);
    gram.data.forEach((value, at) => expect(value).toBeCloseTo(inner.data[at]! * factor.data[at]!, 13));
  });

  it("of the sphere have the limits that are known", async () => {
    const [x, z] = [spherePoints(6, 7, random(4)), spherePoints(4, 7, random(5))];
    const both = (rho: number): number => reluKernel(1, 1, rho) + rho * stepKernel(1, 1, rho);
    const forms = {
      exponential: Math.exp,
      laplace: (rho: number) => Math.exp(-Math.sqrt(2 - 2 * rho)),
      "relu-random": (rho: number) => reluKernel(1, 1, rho),
      "relu-tangent": (rho: number) => rho * stepKernel(1, 1, rho),
      relu: both,
      "relu-bias": (rho: number) => 2 * both((rho + 1) / 2),
      erf: (rho: number) => erfKernel(1, 1, rho),
    } as const;
    const rho = await rowProducts(engine, x, z);
    const own = await rowProducts(engine, x);
    for (const gram of [rho, own]) for (let at = 0; at < gram.data.length; at++) gram.data[at]! /= 7;
    for (const [name, form] of Object.entries(forms)) {
      const cross = await sphereKernel(engine, name as keyof typeof forms, x, z);
      zonalGram(rho, form).data.forEach((value, at) => expect(cross.data[at]).toBeCloseTo(value, 12));
      // Rounding of ρ = 1 leaves Laplace's kink its square root.
      const gram = await sphereKernel(engine, name as keyof typeof forms, x);
      zonalGram(own, form).data.forEach((value, at) => expect(gram.data[at]).toBeCloseTo(value, 7));
    }
  });
});

describe("kernel regression", () => {
  it("interpolates without ridge, and shrinks with much of it", async () => {
    const x = spherePoints(8, 5, random(6));
    const y = gaussianMatrix(8, 2, random(7));
    const at = async (ridge: number): Promise<Float64Array> =>
      (
        await kernelRegression(engine, {
          kernel: await sphereKernel(engine, "laplace", x),
          cross: await sphereKernel(engine, "laplace", x, x),
          targets: y,
          ridge,
        })
      ).data;
    (await at(0)).forEach((value, i) => expect(value).toBeCloseTo(y.data[i]!, 6));
    expect(rootMeanSquare(await at(1e6))).toBeLessThan(1e-5);
  });

  it("refuses a matrix that is no kernel", async () => {
    const kernel = asMatrix([
      [0, 1],
      [1, 0],
    ]);
    await expect(
      kernelRegression(engine, { kernel, cross: kernel, targets: column(Float64Array.of(1, 2)), ridge: 0 }),
    ).rejects.toThrow(/is not positive definite/);
  });
});

describe("energies by numerical integration", () => {
  it.each([2, 3, 10, 100, Infinity])("agree with the closed forms of ReLU and its step, d = %d", (d) => {
    const relu = reluDegreeEnergies(d, 12);
    zonalEnergies((z) => Math.max(0, z), d, 12).forEach((energy, k) =>
      expect(Math.abs(energy - relu[k]!)).toBeLessThan(1e-14),
    );
    const step = stepDegreeEnergies(d, 12);
    zonalEnergies((z) => (z > 0 ? 1 : 0), d, 12).forEach((energy, k) =>
      expect(Math.abs(energy - step[k]!)).toBeLessThan(1e-14),
    );
  });
});

describe("statistics", () => {
  it("find the exponent of a power law", () => {
    expect(logSlope([1, 10, 100].map((x) => ({ x, y: 3 * x ** -0.5 })))).toBeCloseTo(-0.5, 14);
    expect(() => logSlope([{ x: 2, y: 1 }])).toThrow(/give two places or more/);
    expect(() =>
      logSlope([
        { x: 1, y: 0 },
        { x: 2, y: 1 },
      ]),
    ).toThrow(RangeError);
  });

  it("are the usual ones", () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(rootMeanSquare([3, 4])).toBeCloseTo(Math.sqrt(12.5), 14);
    expect(standardDeviation([1, 2, 6])).toBeCloseTo(Math.sqrt(7), 14);
    expect(standardDeviation([5])).toBe(0);
    expect(meanSquaredError([1, 2], [3, 3])).toBe(2.5);
  });
});
