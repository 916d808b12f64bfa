import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  approximationError,
  eigenframework,
  exponentialSeries,
  featureApproximationErrors,
  powerSeriesSpectrum,
  reluKernelMasses,
  spectrumOfMasses,
  zonalSpectrum,
} from "../../src/predictions/index.ts";
import { expectVector, vector } from "../vectors/vector.ts";

interface Inputs {
  lambda: number[];
  mult: number[];
  f2: number[];
  n: number[];
  ridge: number;
  noise: number;
}

/** The target of LZ-09: energies .5, .3, .2 at degrees 1, 2, 3. */
const energies = [0, 0.5, 0.3, 0.2];

describe("the eigenframework", () => {
  it.each(["LZ-V14", "LZ-V15"])("agrees with %s", (id) => {
    const one = vector<Inputs>(id);
    const { lambda, mult, f2, n, ridge, noise } = one.inputs;
    const spectrum = { eigenvalues: lambda, multiplicities: mult, tail: 0 };
    const predictions = n.map((size) => eigenframework({ spectrum, energies: f2, ridge, noise }, size));
    expectVector(one, {
      kappa: predictions.map(({ kappa }) => kappa),
      testMse: predictions.map(({ testError }) => testError),
    });
  });

  it("has the learning curves of the table of LZ-09", () => {
    const sizes = [40, 80, 160, 320, 640, 1280, 2000];
    const relu = reluKernelMasses(20, 40);
    const both = relu.randomFeature.map((mass, k) => mass + relu.tangent[k]!);
    // In thousandths.
    const table = [
      [powerSeriesSpectrum(exponentialSeries(), 20, 12), [708, 570, 450, 331, 210, 100, 42]],
      [zonalSpectrum((rho) => Math.exp(-Math.sqrt(2 - 2 * rho)), 20, 8), [763, 632, 516, 417, 322, 234, 185]],
      [spectrumOfMasses(both, 20, 1), [707, 573, 460, 361, 284, 243, 230]],
    ] as const;
    for (const [spectrum, curve] of table)
      sizes.forEach((n, i) => {
        const { testError } = eigenframework({ spectrum, energies, ridge: 1e-6 }, n);
        expect(Math.abs(1000 * testError - curve[i]!)).toBeLessThan(0.6);
      });
  });

  it("has the plateaus of LZ-09 far beyond what can be measured", () => {
    const at = (d: number, target: number[], exponent: number): number =>
      eigenframework(
        { spectrum: powerSeriesSpectrum(exponentialSeries(), d, 12), energies: target, ridge: 1e-6 },
        d ** exponent,
      ).testError;
    const dimensions = [10, 20, 30, 60, 100, 300, 1000, 3000, 10_000];
    const first = [0.586, 0.549, 0.537, 0.524, 0.5175, 0.5094, 0.505, 0.5028, 0.5015];
    const second = [0.04, 0.054, 0.067, 0.092, 0.111, 0.144, 0.168, 0.181, 0.19];
    dimensions.forEach((d, i) => {
      expect(Math.abs(at(d, energies, 1.5) - first[i]!)).toBeLessThan(6e-4);
      expect(Math.abs(at(d, energies, 2.5) - second[i]!)).toBeLessThan(6e-4);
    });
    [120, 240, 480, 960, 1920].forEach((n, i) => {
      const spectrum = powerSeriesSpectrum(exponentialSeries(), 60, 12);
      const { testError } = eigenframework({ spectrum, energies: [0, 0.5, 0.5], ridge: 1e-6 }, n);
      expect(Math.abs(testError - [0.695, 0.568, 0.45, 0.317, 0.155][i]!)).toBeLessThan(6e-4);
    });
  });

  it("solves its equation, between learning nothing and learning all", () => {
    const positive = fc.double({ min: 1e-6, max: 10, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.record({ value: positive, count: fc.integer({ min: 1, max: 500 }) }), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.integer({ min: 1, max: 300 }),
        positive,
        (eigenspaces, n, ridge) => {
          const eigenvalues = eigenspaces.map(({ value }) => value);
          const multiplicities = eigenspaces.map(({ count }) => count);
          const spectrum = { eigenvalues, multiplicities, tail: 0 };
          const { kappa, learnabilities, testError, trainError } = eigenframework(
            { spectrum, energies: eigenvalues.map(() => 1), ridge, noise: 0.1 },
            n,
          );
          const used = learnabilities.reduce((sum, l, k) => sum + l * multiplicities[k]!, 0);
          expect(Math.abs((used + ridge / kappa) / n - 1)).toBeLessThan(1e-10);
          expect(testError).toBeGreaterThan(0.1);
          expect(trainError).toBeLessThanOrEqual(testError * (1 + 1e-9));
        },
      ),
    );
  });

  it("says 0 or Infinity where there is neither ridge nor a mode to spare, never NaN", () => {
    const spectrum = { eigenvalues: [1, 0.1], multiplicities: [1, 4], tail: 0 };
    expect(eigenframework({ spectrum, energies: [1, 1] }, 10)).toMatchObject({
      kappa: 0,
      testError: 0,
      trainError: 0,
    });
    expect(eigenframework({ spectrum, energies: [1, 1], noise: 1 }, 10).testError).toBeCloseTo(2, 12);
    expect(eigenframework({ spectrum, energies: [1, 1], noise: 1 }, 5).testError).toBe(Infinity);
    expect(Number.isNaN(eigenframework({ spectrum, energies: [1, 1] }, 4.9999).testError)).toBe(false);
  });

  it("refuses energy without an eigenvalue, and impossible sizes", () => {
    const spectrum = { eigenvalues: [1, 0.1], multiplicities: [1, 4], tail: 0 };
    expect(() => eigenframework({ spectrum, energies: [0, 0, 1] }, 10)).toThrow(
      /give an eigenvalue for each/,
    );
    expect(() => eigenframework({ spectrum, energies: [1] }, 0)).toThrow(/give n > 0/);
    expect(() => eigenframework({ spectrum, energies: [1], ridge: -1 }, 3)).toThrow(RangeError);
  });
});

describe("approximation by few neurons", () => {
  it("goes from nothing to everything, tangent features first", () => {
    const errors = featureApproximationErrors({ dimension: 20, offset: 0.5, energies });
    const widths = [1, 3, 10, 30, 100, 1000, 10_000];
    const random = widths.map((width) => errors.random(width));
    const tangent = widths.map((width) => errors.tangent(width));
    for (const curve of [random, tangent])
      curve.forEach((error, i) => expect(error).toBeLessThan(i === 0 ? 1 : curve[i - 1]!));
    widths.forEach((_, i) => expect(tangent[i]!).toBeLessThan(random[i]!));
    expect(random.at(-1)!).toBeLessThan(0.05);
  });

  it("is what the eigenframework leaves before its inflation", () => {
    const spectrum = powerSeriesSpectrum(exponentialSeries(), 10, 8);
    const { learnabilities } = eigenframework({ spectrum, energies }, 50);
    const left = energies.reduce((sum, energy, k) => sum + energy * (1 - learnabilities[k]!), 0);
    expect(approximationError(spectrum, energies, 50)).toBeCloseTo(left, 13);
  });
});
