import { describe, expect, it } from "vitest";
import {
  degreeNeeded,
  degreeNeededLaw,
  erfHermiteEnergies,
  erfKernel,
  gegenbauer,
  harmonicMultiplicities,
  powerSeriesSpectrum,
  reluDegreeEnergies,
  reluKernel,
  reluKernelMasses,
  reluResidualConstant,
  reluResidualFractions,
  stepDegreeEnergies,
  stepKernel,
  zonalSpectrum,
} from "../../src/predictions/index.ts";
import { expectVector, vector } from "../vectors/vector.ts";

describe("ReLU by degree", () => {
  it.each([
    "LZ-V10-d5",
    "LZ-V10-d10",
    "LZ-V10-d20",
    "LZ-V10-d30",
    "LZ-V10-d50",
    "LZ-V10-d100",
    "LZ-V10-dinf",
  ])("agrees with %s", (id) => {
    const one = vector<{ d: number | null; degrees: number[] }>(id);
    const d = one.inputs.d ?? Infinity;
    const degree = one.inputs.degrees.length - 1;
    expectVector(one, {
      energy: reluDegreeEnergies(d, degree),
      residualFraction: reluResidualFractions(d, degree),
    });
  });

  it("has squared Hermite coefficients in the limit: LZ-V05", () => {
    expectVector(vector("LZ-V05"), reluDegreeEnergies(Infinity, 10));
  });

  it("has the tail constant LZ-V11, and tends to it", () => {
    expectVector(vector("LZ-V11"), reluResidualConstant);
    const fractions = reluResidualFractions(Infinity, 4000);
    expect(fractions[4000]! * 4000 ** 1.5).toBeCloseTo(reluResidualConstant, 3);
  });

  it("has the residuals of the table of LZ-10", () => {
    const table = new Map([
      [
        5,
        [
          0.6484375, 0.1484375, 0.01171875, 0.00332642, 0.00140381, 0.00072432, 0.00042272, 0.00007066,
          0.0000104,
        ],
      ],
      [
        10,
        [
          0.66539758, 0.16539758, 0.01607088, 0.00527144, 0.00246359, 0.00137057, 0.00084746, 0.00016643,
          0.00002754,
        ],
      ],
      [
        20,
        [
          0.67363545, 0.17363545, 0.01896382, 0.00686971, 0.00348038, 0.002069, 0.00135212, 0.00031768,
          0.00006168,
        ],
      ],
      [
        30,
        [
          0.67634149, 0.17634149, 0.02006933, 0.00755787, 0.00396274, 0.00242811, 0.0016299, 0.00042232,
          0.00009103,
        ],
      ],
      [
        50,
        [
          0.67849126, 0.17849126, 0.02101255, 0.00818293, 0.00442583, 0.00279038, 0.00192285, 0.00055299,
          0.00013557,
        ],
      ],
      [
        100,
        [
          0.68009461, 0.18009461, 0.02175696, 0.0087026, 0.00482982, 0.00312082, 0.00220141, 0.00070048,
          0.00019882,
        ],
      ],
      [
        Infinity,
        [
          0.68169011, 0.18169011, 0.02253517, 0.00927226, 0.00529339, 0.0035171, 0.00255002, 0.00092457,
          0.00033082,
        ],
      ],
    ]);
    const rows = [0, 1, 2, 4, 6, 8, 10, 20, 40];
    for (const [d, column] of table) {
      const fractions = reluResidualFractions(d, 41);
      rows.forEach((degree, i) => {
        expect(Math.abs(fractions[degree]! - column[i]!)).toBeLessThan(5.1e-9);
        if (degree >= 2) expect(fractions[degree + 1]).toBe(fractions[degree]);
      });
    }
  });

  it("is rebuilt by its degrees: Σ_k energies P_k(ρ) is the arc-cosine kernel", () => {
    // Energies are the masses of the kernel, h(ρ) = Σ_k λ_k B_k P_k(ρ). Their tail falls like k^{-3/2}, times |P_k| < 1.
    for (const [energies, kernel] of [
      [reluDegreeEnergies(6, 400), reluKernel],
      [stepDegreeEnergies(6, 4000), stepKernel],
    ] as const)
      for (const rho of [-0.8, -0.1, 0.3, 0.7]) {
        const values = gegenbauer(6, energies.length - 1, rho);
        const sum = energies.reduce((total, energy, k) => total + energy * values[k]!, 0);
        expect(sum).toBeCloseTo(kernel(1, 1, rho), 6);
      }
  });

  it("tends to the limit of infinite dimension", () => {
    const limit = reluDegreeEnergies(Infinity, 12);
    reluDegreeEnergies(1_000_000, 12).forEach((energy, k) =>
      expect(Math.abs(energy - limit[k]!)).toBeLessThan(1e-5 * limit[k]! + 1e-18),
    );
  });

  it("refuses impossible dimensions", () => {
    expect(() => reluDegreeEnergies(1, 4)).toThrow(RangeError);
    expect(() => reluDegreeEnergies(NaN, 4)).toThrow(RangeError);
  });
});

describe("masses of ReLU's kernels", () => {
  it.each(["LZ-V13-d20", "LZ-V13-d30"])("agree with %s", (id) => {
    const one = vector<{ d: number; degrees: number[] }>(id);
    const { randomFeature, tangent } = reluKernelMasses(one.inputs.d, one.inputs.degrees.length - 1);
    expectVector(one, { RF: randomFeature, NT: tangent });
  });

  it("are those of the kernels by Funk–Hecke quadrature", () => {
    const d = 7;
    const multiplicities = harmonicMultiplicities(d, 7);
    const { randomFeature, tangent } = reluKernelMasses(d, 7);
    const rf = zonalSpectrum((rho) => reluKernel(1, 1, rho), d, 7).eigenvalues;
    const nt = zonalSpectrum((rho) => rho * stepKernel(1, 1, rho), d, 7).eigenvalues;
    multiplicities.forEach((multiplicity, k) => {
      expect(rf[k]! * multiplicity).toBeCloseTo(randomFeature[k]!, 9);
      expect(nt[k]! * multiplicity).toBeCloseTo(tangent[k]!, 9);
    });
  });

  it("have no odd degree from three on, and sum to one half", () => {
    for (const d of [2, 3, 10, 50]) {
      const { randomFeature, tangent } = reluKernelMasses(d, 3001);
      for (const masses of [randomFeature, tangent]) {
        expect(masses.every((mass, k) => k < 3 || k % 2 === 0 || mass === 0)).toBe(true);
        expect(Math.abs(masses.reduce((sum, mass) => sum + mass, 0) - 0.5)).toBeLessThan(0.02);
      }
    }
  });
});

describe("degree needed", () => {
  it("is the integers of LZ-12", () => {
    const errors = [0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001];
    expect(errors.map((error) => degreeNeeded(error, Infinity))).toEqual([2, 2, 4, 10, 20, 44, 90]);
    expect(errors.slice(0, 6).map((error) => degreeNeeded(error, 30))).toEqual([2, 2, 4, 8, 14, 24]);
    [0.9, 2.0, 4.2, 9.3, 19.3, 43.0, 89.5].forEach((law, i) =>
      expect(Math.abs(degreeNeededLaw(errors[i]!) - law)).toBeLessThan(0.051),
    );
  });

  it("refuses errors that are no fraction", () => {
    expect(() => degreeNeeded(0, 30)).toThrow(/give a fraction/);
    expect(() => degreeNeeded(1.5, 30)).toThrow(/give a fraction/);
  });
});

describe("erf by degree", () => {
  it("agrees with LZ-V06", () => {
    expectVector(vector("LZ-V06"), erfHermiteEnergies(9));
  });

  it("is the power series of its kernel, which has odd degrees only", () => {
    const series = erfHermiteEnergies(80);
    for (const rho of [-0.9, 0.2, 1])
      expect(series.reduce((sum, value, k) => sum + value * rho ** k, 0)).toBeCloseTo(
        erfKernel(1, 1, rho),
        12,
      );
    const { eigenvalues } = powerSeriesSpectrum(series, 10, 6);
    expect(eigenvalues.map((value) => value > 0)).toEqual([false, true, false, true, false, true, false]);
  });
});
