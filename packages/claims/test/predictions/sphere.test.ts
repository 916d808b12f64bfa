import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  exponentialSeries,
  gegenbauer,
  harmonicMultiplicities,
  harmonicMultiplicity,
  hermiteQuadrature,
  powerSeriesSpectrum,
  sphereQuadrature,
  zonalDegreeEnergies,
  zonalSpectrum,
} from "../../src/predictions/index.ts";
import { expectVector, vector } from "../vectors/vector.ts";

const degreesTo = (degree: number): number[] => Array.from({ length: degree + 1 }, (_, k) => k);

describe("harmonic multiplicity", () => {
  it.each(["LZ-V07-d3", "LZ-V07-d10", "LZ-V07-d30", "LZ-V07-d100"])("agrees with %s", (id) => {
    const one = vector<{ d: number; degrees: number[] }>(id);
    expectVector(
      one,
      one.inputs.degrees.map((k) => harmonicMultiplicity(one.inputs.d, k)),
    );
  });

  it("is 2k + 1 in three dimensions and 2 on the circle", () => {
    expect(harmonicMultiplicities(3, 20)).toEqual(degreesTo(20).map((k) => 2 * k + 1));
    expect(harmonicMultiplicities(2, 20)).toEqual(degreesTo(20).map((k) => (k === 0 ? 1 : 2)));
  });

  it("refuses impossible dimensions and degrees", () => {
    expect(() => harmonicMultiplicity(1, 2)).toThrow(/dimension 1; give a whole number, 2 or more/);
    expect(() => harmonicMultiplicity(5, -1)).toThrow(/degree -1/);
    expect(() => harmonicMultiplicity(5, 1.5)).toThrow(/degree 1.5/);
  });
});

describe("Gegenbauer polynomials", () => {
  it.each(["LZ-V08-d3", "LZ-V08-d10", "LZ-V08-d30"])("agree with %s", (id) => {
    const one = vector<{ d: number; degree: number[]; t: number[] }>(id);
    const { d, degree, t } = one.inputs;
    expectVector(
      one,
      degree.map((k) => t.map((at) => gegenbauer(d, k, at)[k])),
    );
  });

  it("are Legendre's in three dimensions, Chebyshev's in two", () => {
    for (const t of [-1, -0.7, 0, 0.2, 0.95]) {
      const legendre = [
        1,
        t,
        (3 * t ** 2 - 1) / 2,
        (5 * t ** 3 - 3 * t) / 2,
        (35 * t ** 4 - 30 * t ** 2 + 3) / 8,
      ];
      gegenbauer(3, 4, t).forEach((value, k) => expect(value).toBeCloseTo(legendre[k]!, 14));
      gegenbauer(2, 9, t).forEach((value, k) => expect(value).toBeCloseTo(Math.cos(k * Math.acos(t)), 13));
    }
  });

  it("are 1 at 1 and stay in [−1, 1]", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 2000 }), fc.double({ min: -1, max: 1, noNaN: true }), (d, t) => {
        expect(gegenbauer(d, 30, 1).every((value) => Math.abs(value - 1) < 1e-12)).toBe(true);
        expect(gegenbauer(d, 30, t).every((value) => Math.abs(value) < 1 + 1e-10)).toBe(true);
      }),
    );
  });

  it.each([3, 5, 30, 300])("are orthogonal in %d dimensions, with squared norm 1/B(d, k)", (d) => {
    const rule = sphereQuadrature(d, 24);
    const values = Array.from(rule.nodes, (t) => gegenbauer(d, 10, t));
    for (const j of degreesTo(10))
      for (const k of degreesTo(10)) {
        const product = rule.weights.reduce((sum, w, i) => sum + w * values[i]![j]! * values[i]![k]!, 0);
        expect(Math.abs(product - (j === k ? 1 / harmonicMultiplicity(d, k) : 0))).toBeLessThan(1e-12);
      }
  });
});

describe("Golub–Welsch quadrature", () => {
  it("agrees with LZ-V09", () => {
    const one = vector<{ d: number; m: number }>("LZ-V09");
    const { nodes, weights } = sphereQuadrature(one.inputs.d, one.inputs.m);
    expectVector(one, { nodes: [...nodes], weights: [...weights] });
  });

  it.each([2, 3, 10, 300, 1000, 100_000])(
    "has the moments of a coordinate of the sphere in %d dimensions",
    (d) => {
      for (const m of [1, 2, 7, 40, 200]) {
        const { nodes, weights } = sphereQuadrature(d, m);
        expect(weights.every((w) => w >= 0)).toBe(true);
        expect(nodes.every((t, i) => Math.abs(t) < 1 && (i === 0 || t > nodes[i - 1]!))).toBe(true);
        // E[t^{2p}] = Π (2i + 1)/(d + 2i); the rule is exact to degree 2m − 1.
        let moment = 1;
        for (let p = 0; 2 * p < Math.min(2 * m, 12); p++) {
          const sum = weights.reduce((total, w, i) => total + w * nodes[i]! ** (2 * p), 0);
          expect(Math.abs(sum / moment - 1)).toBeLessThan(1e-12);
          moment *= (2 * p + 1) / (d + 2 * p);
        }
      }
    },
  );

  it("has the moments of a normal variable", () => {
    const { nodes, weights } = hermiteQuadrature(80);
    const moment = (p: number): number => weights.reduce((sum, w, i) => sum + w * nodes[i]! ** p, 0);
    [1, 0, 1, 0, 3, 0, 15, 0, 105].forEach((value, p) => {
      expect(Math.abs(moment(p) - value)).toBeLessThan(1e-12 * Math.max(1, value));
    });
  });
});

describe("spectra of zonal kernels", () => {
  it.each(["LZ-V12-d20", "LZ-V12-d60"])("agree with %s by power series", (id) => {
    const one = vector<{ d: number; degrees: number[] }>(id);
    const { eigenvalues } = powerSeriesSpectrum(
      exponentialSeries(),
      one.inputs.d,
      one.inputs.degrees.length - 1,
    );
    expectVector(one, eigenvalues);
  });

  it("agree between power series and quadrature, and leave the rest of the trace as tail", () => {
    for (const d of [3, 10, 40]) {
      const series = powerSeriesSpectrum(exponentialSeries(), d, 8);
      const quadrature = zonalSpectrum(Math.exp, d, 8);
      series.eigenvalues.forEach((value, k) =>
        expect(Math.abs(quadrature.eigenvalues[k]! - value)).toBeLessThan(5e-15),
      );
      const resolved = series.eigenvalues.reduce(
        (sum, value, k) => sum + value * series.multiplicities[k]!,
        0,
      );
      expect(resolved + series.tail).toBeCloseTo(Math.E, 14);
    }
  });

  it("stay exact where quadrature has lost everything", () => {
    // At d = 1000, λ_8 of e^ρ is near 10^-24; 1/(d (d + 2) … (d + 14)) is its leading part.
    const { eigenvalues } = powerSeriesSpectrum(exponentialSeries(), 1000, 8);
    const leading = Array.from({ length: 8 }, (_, i) => 1 / (1000 + 2 * i)).reduce((a, b) => a * b, 1);
    expect(eigenvalues[8]! / leading).toBeGreaterThan(1);
    expect(eigenvalues[8]! / leading).toBeLessThan(1.001);
  });
});

describe("degree energies of zonal functions", () => {
  it("put a Gegenbauer polynomial into its own degree", () => {
    const d = 12;
    const energies = zonalDegreeEnergies(
      (z) => Math.sqrt(harmonicMultiplicity(d, 3)) * gegenbauer(d, 3, z / Math.sqrt(d))[3]!,
      d,
      6,
      { nodes: 40 },
    );
    energies.forEach((energy, k) => expect(energy).toBeCloseTo(k === 3 ? 1 : 0, 11));
  });

  it("add up to the mean square", () => {
    const d = 8;
    const rule = sphereQuadrature(d, 60);
    const square = rule.weights.reduce(
      (sum, w, i) => sum + w * Math.sin(Math.sqrt(d) * rule.nodes[i]!) ** 2,
      0,
    );
    const energies = zonalDegreeEnergies(Math.sin, d, 20, { nodes: 60 });
    expect(energies.reduce((sum, energy) => sum + energy, 0)).toBeCloseTo(square, 10);
  });
});
