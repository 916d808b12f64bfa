import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  eigenframework,
  type KnownSpectrum,
  knownEigenstructure,
  overfittingOf,
} from "../../src/solvers/index.ts";
import vectors from "../vectors/interpolation.json" with { type: "json" };

/** λ_i = f(i), i = 1 … count. */
const spectrum = (count: number, f: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => f(i + 1));

/** λ_i = i^−α with the sum of what is left out. */
const powerLaw = (alpha: number, count = 40_000): KnownSpectrum => ({
  eigenvalues: spectrum(count, (i) => i ** -alpha),
  tail: (count + 0.5) ** (1 - alpha) / (alpha - 1),
});

const noiseFactor = (known: KnownSpectrum, n: number, ridge = 0): number =>
  eigenframework(knownEigenstructure(known), n, ridge).noiseFactor;

describe("the reference vectors", () => {
  const reference = vectors.cases.find(({ id }) => id === "IN-V3") as unknown as {
    readonly expected: readonly {
      readonly spectrum: string;
      readonly n: number;
      readonly delta: number;
      readonly kappa: number;
      readonly E0: number;
      readonly test_mse: number;
      readonly train_mse: number;
    }[];
    readonly tol: number;
  };
  const spectra: Readonly<Record<string, readonly number[]>> = {
    "i^-2, i=1..1000": spectrum(1000, (i) => i ** -2),
    "i^-1.5, i=1..1000": spectrum(1000, (i) => i ** -1.5),
    "0.9^i, i=1..200": spectrum(200, (i) => 0.9 ** i),
    "flat 1/200 x200": spectrum(200, () => 1 / 200),
  };

  test.for(reference.expected)("$spectrum, n = $n, ridge $delta", (one) => {
    const structure = knownEigenstructure({
      eigenvalues: spectra[one.spectrum]!,
      energies: [1, 1, 1, 1, 1],
      noise: 0.25,
    });
    const got = eigenframework(structure, one.n, one.delta);
    const within = (value: number, expected: number) =>
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(reference.tol * Math.max(1, expected));
    within(got.kappa, one.kappa);
    within(got.noiseFactor, one.E0);
    within(got.testError, one.test_mse);
    within(got.trainError, one.train_mse);
  });
});

describe("the eigenframework", () => {
  const known = fc.record({
    eigenvalues: fc.array(fc.double({ min: 1e-6, max: 10, noNaN: true }), { minLength: 1, maxLength: 30 }),
    noise: fc.double({ min: 0, max: 2, noNaN: true }),
    tail: fc.double({ min: 1e-3, max: 1, noNaN: true }),
  });
  const rows = fc.double({ min: 0.5, max: 500, noNaN: true });
  const ridges = fc.double({ min: 1e-6, max: 10, noNaN: true });

  test("κ fulfils its equation, and rises with the ridge and falls with the rows", () => {
    fc.assert(
      fc.property(known, rows, ridges, (given, n, ridge) => {
        const structure = knownEigenstructure(given);
        const { kappa, dimension } = eigenframework(structure, n, ridge);
        expect((dimension + ridge / kappa) / n).toBeCloseTo(1, 10);
        expect(eigenframework(structure, n, 2 * ridge).kappa).toBeGreaterThan(kappa);
        expect(eigenframework(structure, 2 * n, ridge).kappa).toBeLessThan(kappa);
      }),
    );
  });

  test("scaling kernel and ridge together changes nothing but κ", () => {
    fc.assert(
      fc.property(
        known,
        rows,
        ridges,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        (given, n, ridge, s) => {
          const energies = given.eigenvalues.map((value) => value / 2);
          const one = eigenframework(knownEigenstructure({ ...given, energies }), n, ridge);
          const eigenvalues = given.eigenvalues.map((value) => s * value);
          const other = eigenframework(
            knownEigenstructure({ ...given, eigenvalues, energies, tail: s * given.tail }),
            n,
            s * ridge,
          );
          expect(other.kappa / one.kappa).toBeCloseTo(s, 8);
          expect(other.testError).toBeCloseTo(one.testError, 8);
          expect(other.trainError).toBeCloseTo(one.trainError, 8);
        },
      ),
    );
  });

  test("an eigenvalue of multiplicity three is three eigenvalues", () => {
    const [one, other] = [
      knownEigenstructure({ eigenvalues: [2, 0.5], multiplicities: [1, 3], energies: [1, 0.3], noise: 0.1 }),
      knownEigenstructure({ eigenvalues: [2, 0.5, 0.5, 0.5], energies: [1, 0.1, 0.1, 0.1], noise: 0.1 }),
    ].map((structure) => eigenframework(structure, 3, 0.2));
    expect(one!.kappa).toBeCloseTo(other!.kappa, 12);
    expect(one!.testError).toBeCloseTo(other!.testError, 12);
  });

  test("with fewer directions than rows and no ridge it is least squares: κ = 0, noise n/(n − p), no bias", () => {
    const structure = knownEigenstructure({ eigenvalues: [3, 1, 0], energies: [1, 1, 0], noise: 0.5 });
    expect(eigenframework(structure, 10)).toEqual({
      kappa: 0,
      dimension: 2,
      noiseFactor: 10 / 8,
      testError: 0.5 * (10 / 8),
      trainError: 0,
    });
  });

  test("at the interpolation threshold the error of noise is infinite, that of a learned target 0", () => {
    const at = (noise: number) =>
      eigenframework(knownEigenstructure({ eigenvalues: [1, 1], energies: [1, 1], noise }), 2);
    expect(at(0.1).testError).toBe(Infinity);
    expect(at(0).testError).toBe(0);
  });

  test("what cannot be is refused, naming it", () => {
    const structure = knownEigenstructure({ eigenvalues: [1] });
    expect(() => eigenframework(structure, 0)).toThrow(/n = 0/);
    expect(() => eigenframework(structure, 1, -1)).toThrow(/ridge = -1/);
    expect(() => knownEigenstructure({ eigenvalues: [1, -1] })).toThrow(/eigenvalue 1 is -1/);
    expect(() => knownEigenstructure({ eigenvalues: [1], multiplicities: [1, 2] })).toThrow(
      /2 multiplicities/,
    );
    expect(() => knownEigenstructure({ eigenvalues: [1], energies: [1, 2] })).toThrow(/2 energies/);
    expect(() => knownEigenstructure({ eigenvalues: [1], noise: -1 })).toThrow(/noise = -1/);
  });
});

describe("overfitting", () => {
  test.each([1.2, 1.5, 2, 3])(
    "without ridge, eigenvalues i^−%d are tempered with a noise factor of the exponent",
    (alpha) => {
      // The sum over i differs from its integral by terms of order 1/n.
      expect(noiseFactor(powerLaw(alpha), 1000) / alpha).toBeCloseTo(1, 2);
      expect(overfittingOf(noiseFactor(powerLaw(alpha), 250), noiseFactor(powerLaw(alpha), 1000))).toBe(
        "tempered",
      );
    },
  );

  test("exponential decay is catastrophic: the factor grows like n", () => {
    const exponential = { eigenvalues: spectrum(2000, (i) => Math.exp(-0.2 * i)) };
    expect(noiseFactor(exponential, 100) / 100).toBeCloseTo(0.2, 2);
    expect(overfittingOf(noiseFactor(exponential, 25), noiseFactor(exponential, 100))).toBe("catastrophic");
  });

  test("a constant ridge makes a power law benign", () => {
    const [few, many] = [250, 1000].map((n) => noiseFactor(powerLaw(2), n, 1)) as [number, number];
    expect(many).toBeLessThan(1.05);
    expect(overfittingOf(few, many)).toBe("benign");
  });

  test("the excess over 1 counts, not the factor", () => {
    expect(overfittingOf(1.4, 1.2)).toBe("benign");
    expect(overfittingOf(1.25, 1.2)).toBe("tempered");
    expect(overfittingOf(1.01, 1.04)).toBe("benign");
    expect(overfittingOf(40, 12)).toBe("catastrophic");
    expect(overfittingOf(2, Infinity)).toBe("catastrophic");
    expect(() => overfittingOf(0.9, 1)).toThrow(/noise factors 0.9 and 1/);
  });
});
