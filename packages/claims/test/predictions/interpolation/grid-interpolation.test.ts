import { describe, expect, it } from "vitest";
import {
  bandwidthFloor,
  gaussOnTorus,
  gridBias,
  gridNoise,
  laplaceNoiseLimit,
  laplaceOnTorus,
  spacedBias,
  spacedNoise,
  torusSpectrum,
} from "../../../src/predictions/index.ts";
import { expectVector, vector } from "../../vectors/vector.ts";

describe("interpolation on a grid of the torus", () => {
  it("agrees with IN-V5", () => {
    const one = vector("IN-V5");
    const cases = one.expected as readonly { m: number; M: number }[];
    expectVector(
      one,
      cases.map(({ m, M }) => ({ m, M, V: gridNoise(gaussOnTorus(1, M), m, { reach: 5 }) })),
    );
  });

  it("has the closed forms of one Laplace kernel when the bandwidth is much below the period", () => {
    const m = 100;
    for (const rho of [0.2, 1, 2]) {
      const kernel = laplaceOnTorus(1, rho / m);
      // Aliases beyond the reach are integrated: an error of 1/reach³ of the sum.
      expect(gridNoise(kernel, m) / spacedNoise(rho)).toBeCloseTo(1, 6);
      expect(gridBias(kernel, m, [0])).toBeCloseTo(spacedBias(rho), 6);
    }
  });

  it("tends to 2/3, 0.45342 and 0.33131 of the noise for Laplace kernels, whatever the bandwidth", () => {
    const limits = [2 / 3, 0.45342, 0.33131];
    limits.forEach((limit, i) => {
      // The midpoint rule errs by 10⁻⁵.
      expect(Math.abs(laplaceNoiseLimit(i + 1) - limit)).toBeLessThan(2e-5);
    });
    for (const bandwidth of [0.05, 1]) {
      expect(gridNoise(laplaceOnTorus(1, bandwidth), 500) / limits[0]!).toBeCloseTo(1, 2);
      expect(gridNoise(laplaceOnTorus(2, bandwidth), 101) / limits[1]!).toBeCloseTo(1, 2);
    }
    expect(gridNoise(laplaceOnTorus(3, 1), 11) / limits[2]!).toBeCloseTo(1, 1);
  });

  it("tends to all of the noise for Gaussian kernels, although their coefficients underflow", () => {
    // At even m the two aliases of m/2 are equal and that one residue keeps half.
    expect(gridNoise(gaussOnTorus(1, 0.1), 500)).toBeCloseTo(1 - 1 / 1000, 9);
    expect(gridNoise(gaussOnTorus(1, 0.1), 501)).toBeCloseTo(1, 6);
  });

  it("learns nothing with a narrow kernel and everything smooth with a wide one", () => {
    expect(gridNoise(laplaceOnTorus(1, 1e-5), 20)).toBeLessThan(1e-3);
    expect(gridBias(laplaceOnTorus(1, 1e-5), 20, [1])).toBeGreaterThan(0.99);
    expect(gridBias(laplaceOnTorus(1, 1), 200, [1])).toBeLessThan(1e-6);
    expect(gridBias(laplaceOnTorus(2, 1), 20, [1, -2])).toBeCloseTo(
      gridBias(laplaceOnTorus(2, 1), 20, [2, 1]),
      12,
    );
  });

  it("refuses frequencies that the grid does not resolve, and impossible grids", () => {
    expect(() => gridBias(laplaceOnTorus(1, 1), 10, [5])).toThrow(/give 1 numbers below 5/);
    expect(() => gridBias(laplaceOnTorus(2, 1), 10, [1])).toThrow(/give 2 numbers below 5/);
    expect(() => gridNoise(laplaceOnTorus(1, 1), 0)).toThrow(/give whole numbers/);
  });
});

describe("a bandwidth that follows the spacing", () => {
  it("agrees with IN-V4", () => {
    const one = vector("IN-V4");
    const { table, floors } = one.expected as {
      table: { rho: number }[];
      floors: { sigma2: number }[];
    };
    expectVector(one, {
      table: table.map(({ rho }) => ({ rho, V: spacedNoise(rho), B: spacedBias(rho) })),
      floors: floors.map(({ sigma2 }) => {
        const { rho, excess } = bandwidthFloor(sigma2);
        return { sigma2, rho_star: rho, floor: excess };
      }),
      V_limit: spacedNoise(1e6),
    });
  });

  it("has the forms of the statement, written with hyperbolic sines", () => {
    for (const rho of [0.1, 0.7, 3]) {
      const [one, two] = [Math.sinh(1 / rho), Math.sinh(2 / rho)];
      const half = 1 / (2 * rho);
      expect(spacedNoise(rho)).toBeCloseTo(((rho / 2) * two - 1) / one ** 2, 12);
      expect(spacedBias(rho)).toBeCloseTo(
        1 - 4 * rho * Math.tanh(half) + (0.5 + (rho / 2) * one) / Math.cosh(half) ** 2,
        12,
      );
    }
  });

  it("is smooth where its series begin, and finite for every ratio", () => {
    for (const at of [10, 1000])
      for (const form of [spacedNoise, spacedBias])
        expect(form(at * (1 + 1e-9)) / form(at * (1 - 1e-9))).toBeCloseTo(1, 6);
    for (const rho of [1e-300, 1e-3, 1e9]) {
      expect(spacedNoise(rho)).toBeGreaterThanOrEqual(0);
      expect(spacedNoise(rho)).toBeLessThanOrEqual(2 / 3);
      expect(spacedBias(rho)).toBeGreaterThanOrEqual(0);
      expect(spacedBias(rho)).toBeLessThanOrEqual(1);
    }
    expect(() => spacedNoise(0)).toThrow(/ρ = 0; give a positive number/);
  });

  it("has a floor below both of its ends, that no other ratio is under", () => {
    for (const noise of [0.01, 0.3, 2, 2.9]) {
      const { excess } = bandwidthFloor(noise);
      for (let exponent = -3; exponent <= 2; exponent += 0.05)
        expect(noise * spacedNoise(10 ** exponent) + spacedBias(10 ** exponent)).toBeGreaterThan(
          excess - 1e-12,
        );
    }
    expect(bandwidthFloor(4, 1)).toEqual({ rho: 0, excess: 1 });
    expect(bandwidthFloor(0.5, 2).excess).toBeCloseTo(2 * bandwidthFloor(0.25).excess, 12);
    expect(() => bandwidthFloor(0)).toThrow(/give positive numbers/);
  });
});

describe("the spectrum of a kernel on the circle", () => {
  it("has trace 1, and the coefficients of its kernel", () => {
    const { eigenvalues, multiplicities, tail } = torusSpectrum(gaussOnTorus(1, 0.1), 30);
    const trace = eigenvalues.reduce((sum, value, g) => sum + multiplicities[g]! * value, tail);
    expect(trace).toBeCloseTo(1, 12);
    expect(eigenvalues[3]! / eigenvalues[0]!).toBeCloseTo(Math.exp(-2 * (Math.PI * 0.3) ** 2), 12);
    expect(() => torusSpectrum(gaussOnTorus(2, 0.1), 3)).toThrow(/give a kernel of dimension 1/);
  });
});
