import { describe, expect, it } from "vitest";
import {
  angleQuadrature,
  eigenframework,
  exponentialSpectrum,
  type KernelSpectrum,
  logarithmicSpectrum,
  overfittingOf,
  powerLawNoiseLimit,
  powerLawSpectrum,
  sphereQuadrature,
  superPolynomialSpectrum,
  zonalSpectrum,
} from "../../../src/predictions/index.ts";
import { expectVector, vector } from "../../vectors/vector.ts";

const inflation = (spectrum: KernelSpectrum, n: number, ridge = 0): number =>
  eigenframework({ spectrum, energies: [], ridge }, n).noiseInflation;

describe("the eigenframework", () => {
  it("agrees with IN-V3", () => {
    const one = vector("IN-V3");
    const cases = one.expected as readonly {
      spectrum: string;
      n: number;
      delta: number;
      kappa: number;
      E0: number;
      test_mse: number;
      train_mse: number;
    }[];
    const spectra: Record<string, readonly number[]> = {
      "i^-2, i=1..1000": Array.from({ length: 1000 }, (_, i) => (i + 1) ** -2),
      "i^-1.5, i=1..1000": Array.from({ length: 1000 }, (_, i) => (i + 1) ** -1.5),
      "0.9^i, i=1..200": Array.from({ length: 200 }, (_, i) => 0.9 ** (i + 1)),
      "flat 1/200 x200": Array<number>(200).fill(1 / 200),
    };
    const numbers = cases.map(({ kappa, E0, test_mse, train_mse }) => ({ kappa, E0, test_mse, train_mse }));
    const got = cases.map(({ spectrum, n, delta: ridge }) => {
      const eigenvalues = spectra[spectrum]!;
      const multiplicities = eigenvalues.map(() => 1);
      const { kappa, noiseInflation, testError, trainError } = eigenframework(
        {
          spectrum: { eigenvalues, multiplicities, tail: 0 },
          energies: [1, 1, 1, 1, 1],
          ridge,
          noise: 0.25,
        },
        n,
      );
      return { kappa, E0: noiseInflation, test_mse: testError, train_mse: trainError };
    });
    expectVector({ ...one, expected: numbers }, got);
  });

  it("lets the tail regularize without leaving residuals", () => {
    const { trainError, testError } = eigenframework(
      { spectrum: powerLawSpectrum(1.2, 50), energies: [1], noise: 1 },
      100,
    );
    expect(trainError).toBe(0);
    expect(testError).toBeGreaterThan(1);
  });

  it("does not depend on where a power law is cut, thanks to its tail", () => {
    for (const alpha of [1.2, 2]) {
      const few = inflation(powerLawSpectrum(alpha, 3000), 100);
      expect(few / inflation(powerLawSpectrum(alpha, 100_000), 100)).toBeCloseTo(1, 3);
    }
  });
});

describe("noise ratios of interpolation", () => {
  const sizes = [10, 100, 1000];

  it("of power laws tend to the exponent", () => {
    // In thousandths.
    const table = { 1.2: [1149, 1194, 1199], 2: [1905, 1990, 1999], 3: [2857, 2985, 2999] };
    for (const [alpha, values] of Object.entries(table))
      sizes.forEach((n, i) => {
        const ratio = inflation(powerLawSpectrum(Number(alpha), 30 * n), n);
        expect(Math.abs(1000 * ratio - values[i]!)).toBeLessThan(1);
      });
  });

  it("fall towards 1 when the trace hardly converges", () => {
    [1.395, 1.267, 1.179].forEach((value, i) => {
      const n = sizes[i]!;
      expect(inflation(logarithmicSpectrum(30 * n), n)).toBeCloseTo(value, 2);
    });
  });

  it("grow without bound when eigenvalues fall faster than any power", () => {
    for (const n of [50, 100, 500])
      expect(inflation(exponentialSpectrum(0.2, n + 200), n)).toBeCloseTo(0.2 * n, 2);
    [3.1, 4.5, 7.8, 9.2, 10.6].forEach((value, i) => {
      const n = [5, 10, 50, 100, 200][i]!;
      expect(Math.abs(inflation(superPolynomialSpectrum(30 * n), n) - value)).toBeLessThan(0.06);
    });
  });

  it("with ridge n^−b have a threshold at b = α − 1", () => {
    const at = (b: number, alpha: number): number => {
      const n = 10_000;
      return inflation(powerLawSpectrum(alpha, 20 * n), n, n ** -b);
    };
    expect(powerLawNoiseLimit(2, 0.5)).toBe(1);
    expect(powerLawNoiseLimit(2, 1.5)).toBe(2);
    expect(powerLawNoiseLimit(2)).toBe(2);
    // Corrections are of order 1/n^(1/α) at the threshold.
    for (const alpha of [1.5, 2, 3])
      expect(at(alpha - 1, alpha) / powerLawNoiseLimit(alpha, alpha - 1)).toBeCloseTo(1, 2);
    // c C + c² = 1 with C = π/2.
    const c = (-Math.PI / 2 + Math.sqrt((Math.PI / 2) ** 2 + 4)) / 2;
    expect(powerLawNoiseLimit(2, 1)).toBeCloseTo(1 / (1 - (c * Math.PI) / 4), 12);
    expect(() => powerLawNoiseLimit(1)).toThrow(/give α above 1/);
  });

  it("have a name by their limit", () => {
    expect([1, 1.01, 3, Infinity].map(overfittingOf)).toEqual([
      "benign",
      "tempered",
      "tempered",
      "catastrophic",
    ]);
    expect(() => overfittingOf(0.9)).toThrow(/at least 1/);
  });
});

describe("decaying spectra", () => {
  it("have the trace of the whole series", () => {
    const trace = ({ eigenvalues, tail }: KernelSpectrum): number =>
      eigenvalues.reduce((sum, value) => sum + value, tail);
    expect(trace(powerLawSpectrum(2, 1000))).toBeCloseTo(Math.PI ** 2 / 6, 9);
    expect(trace(powerLawSpectrum(1.2, 1000))).toBeCloseTo(5.591_582_441, 5); // ζ(1.2)
    expect(trace(exponentialSpectrum(0.3, 7))).toBeCloseTo(1 / Math.expm1(0.3), 12);
    // Two cuts of one series.
    for (const spectrum of [logarithmicSpectrum, superPolynomialSpectrum])
      expect(trace(spectrum(200))).toBeCloseTo(trace(spectrum(20_000)), 5);
  });

  it("refuse exponents whose trace is infinite, and impossible numbers of modes", () => {
    expect(() => powerLawSpectrum(1, 10)).toThrow(/above 1/);
    expect(() => exponentialSpectrum(0, 10)).toThrow(/above 0/);
    expect(() => logarithmicSpectrum(0)).toThrow(/give a whole number, 1 or more/);
  });
});

describe("the midpoint rule in the angle", () => {
  it("agrees with the Gauss rule for smooth functions", () => {
    for (const d of [2, 3, 6]) {
      const mean = ({ nodes, weights }: ReturnType<typeof angleQuadrature>): number =>
        weights.reduce((sum, w, i) => sum + w * Math.exp(nodes[i]!), 0);
      expect(mean(angleQuadrature(d, 2000))).toBeCloseTo(mean(sphereQuadrature(d, 20)), 6);
    }
  });

  it("finds the eigenvalues of a Laplace kernel on the circle, which fall like k^−2", () => {
    const h = (t: number): number => Math.exp(-Math.sqrt(Math.max(0, 2 - 2 * t)));
    const { eigenvalues, tail } = zonalSpectrum(h, 2, 200, { rule: angleQuadrature(2, 20_000) });
    // e^(−2 sin(θ/2)) is e^(−|θ|) near 0: 2/(2π) ∫_0^∞ e^(−θ) cos kθ dθ → 1/(π k²).
    expect(eigenvalues[200]! * Math.PI * 200 ** 2).toBeCloseTo(1, 3);
    expect(tail).toBeGreaterThan(0);
  });
});
