import { describe, expect, test } from "vitest";
import { matrix } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { random } from "../../src/linalg/random.ts";
import { activationFunctions, type Dual, dualOf } from "../../src/layers/index.ts";
import { nonlinearity } from "../../src/layers/nonlinearity.ts";
import { polarDual } from "../../src/layers/polar-dual.ts";
import { everyActivation, title } from "./every-activation.ts";

const variances = [0.2, 1, 3];
const correlations = [-1, -0.95, -0.3, 0, 0.5, 0.99, 1];

interface Point {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}
const points: readonly Point[] = (
  [
    [1, 1],
    [0.2, 3],
    [3, 3],
  ] as const
).flatMap(([a, b]) => correlations.map((rho) => ({ a, b, c: rho * Math.sqrt(a * b) })));

/** E[f(√a ξ)] by Simpson's rule on each half-line: 8,000 panels to 13 standard deviations, error h⁴/180 f⁽⁴⁾ = 4e-14 f⁽⁴⁾ a unit. */
function simpson(f: (x: number) => number, a: number): number {
  const panels = 8000;
  const h = 13 / panels;
  let sum = 0;
  for (let i = 0; i <= 2 * panels; i++) {
    const x = Math.max((i * h) / 2, 1e-12);
    const weight = i === 0 || i === 2 * panels ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp((-x * x) / 2) * (f(Math.sqrt(a) * x) + f(-Math.sqrt(a) * x));
  }
  return (sum * h) / 6 / Math.sqrt(2 * Math.PI);
}

describe.each(everyActivation.map((activation) => [title(activation), activation] as const))(
  "%s",
  (_, activation) => {
    const dual = dualOf(activation);
    const functions = activationFunctions(activation);
    const valueScale = (a: number, b: number): number => Math.sqrt(dual.variance(a) * dual.variance(b));
    const slopeScale = (a: number, b: number): number =>
      Math.sqrt(dual.slopeVariance(a) * dual.slopeVariance(b));

    test("κ and κ̇ are symmetric in the two inputs", () => {
      for (const { a, b, c } of points) {
        expect(Math.abs(dual.value(a, b, c) - dual.value(b, a, c))).toBeLessThan(1e-11 * valueScale(a, b));
        expect(Math.abs(dual.slope(a, b, c) - dual.slope(b, a, c))).toBeLessThanOrEqual(
          1e-11 * slopeScale(a, b),
        );
      }
    });

    test("|κ| ≤ √(κ_aa κ_bb), and the same for κ̇", () => {
      for (const { a, b, c } of points) {
        expect(Math.abs(dual.value(a, b, c))).toBeLessThanOrEqual(valueScale(a, b) * (1 + 1e-11));
        expect(Math.abs(dual.slope(a, b, c))).toBeLessThanOrEqual(slopeScale(a, b) * (1 + 1e-11));
      }
    });

    test("variance and slopeVariance are the diagonal", () => {
      for (const a of variances) {
        expect(Math.abs(dual.value(a, a, a) / dual.variance(a) - 1)).toBeLessThan(1e-11);
        expect(Math.abs(dual.slope(a, a, a) - dual.slopeVariance(a))).toBeLessThanOrEqual(
          1e-11 * dual.slopeVariance(a),
        );
      }
    });

    test("variances and moments are those of one-dimensional integrals", () => {
      const { value, slope } = functions;
      for (const a of variances) {
        const near = (got: number, expected: number, scale: number): void =>
          expect(Math.abs(got - expected)).toBeLessThanOrEqual(1e-10 * scale);
        near(
          dual.variance(a),
          simpson((x) => value(x) ** 2, a),
          dual.variance(a),
        );
        near(
          dual.slopeVariance(a),
          simpson((x) => slope(x) ** 2, a),
          dual.slopeVariance(a),
        );
        near(dual.mean(a), simpson(value, a), Math.sqrt(dual.variance(a)));
        near(dual.meanSlope(a), simpson(slope, a), Math.sqrt(dual.slopeVariance(a)));
      }
    });

    test("κ̇ is the derivative of κ in the covariance (Price), less what jumps add", () => {
      // κ̇ is that of φ′ almost everywhere: the delta function J δ₀ of a step adds J² times the density of (u, v) at (0, 0).
      const jump = functions.value(Number.MIN_VALUE) - functions.value(-Number.MIN_VALUE);
      for (const { a, b, c } of points) {
        const r = Math.sqrt(a * b);
        if (Math.abs(c) > 0.96 * r) continue;
        const h = 3e-4 * r;
        const at = (k: number): number => dual.value(a, b, c + k * h);
        const difference = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h);
        // Rounding 1e-13 κ/h, and h⁴ times a fifth derivative that grows as (1 − ρ²)^(−9/2) for jumps.
        const added = jump ** 2 / (2 * Math.PI * Math.sqrt(a * b - c * c));
        expect(Math.abs(dual.slope(a, b, c) + added - difference)).toBeLessThan(
          1e-8 * (slopeScale(a, b) + valueScale(a, b) / r),
        );
      }
    });

    test("closed forms are what quadrature in polar coordinates gives", () => {
      if (dual.form === "numeric") return expect(dual.form).toBe("numeric");
      const quadrature = polarDual(functions, nonlinearity(activation).growth);
      for (const { a, b, c } of points) {
        const value = dual.value(a, b, c) - quadrature.value(a, b, c);
        const slope = dual.slope(a, b, c) - quadrature.slope(a, b, c);
        expect(Math.abs(value)).toBeLessThan(2e-11 * valueScale(a, b));
        expect(Math.abs(slope)).toBeLessThanOrEqual(2e-11 * slopeScale(a, b));
      }
    });

    test("a zero input: κ = φ(0) E[φ(v)], and κ̇ as at a right angle", () => {
      for (const b of variances) {
        const expected = functions.value(0) * dual.mean(b);
        expect(Math.abs(dual.value(0, b, 0) - expected)).toBeLessThan(1e-13);
        expect(dual.value(b, 0, 0)).toBeCloseTo(dual.value(0, b, 0), 13);
        const limit = dual.slope(1e-40, b, 0);
        expect(Math.abs(dual.slope(0, b, 0) - limit)).toBeLessThanOrEqual(1e-11 * (Math.abs(limit) + 1e-3));
      }
      expect(Math.abs(dual.value(0, 0, 0) - functions.value(0) ** 2)).toBeLessThan(1e-14);
      expect(Math.abs(dual.variance(0) - functions.value(0) ** 2)).toBeLessThan(1e-14);
    });

    test("nothing is NaN at the edges: ρ = 1 and a rounding beyond ±1, tiny and huge variances", () => {
      const polynomials = ["polynomial", "monomial", "hermite", "rectified-monomial"];
      const largest = ["exp", "custom"].includes(activation.name)
        ? 100
        : polynomials.includes(activation.name)
          ? 1e40
          : 1e100;
      for (const [a, b] of [
        [0, 0],
        [0, 1],
        [1e-100, 1e-100],
        [1e-100, 1],
        [1, 1],
        [0.3, 7.7],
        [largest, largest],
        [1e-100, largest],
      ] as const)
        for (const rho of [-1 - 1e-15, 0, 1, 1 + 1e-15]) {
          const c = rho * Math.sqrt(a * b);
          for (const got of [dual.value(a, b, c), dual.slope(a, b, c)]) {
            expect(Number.isFinite(got)).toBe(true);
          }
        }
      for (const a of [0, 1e-100, 1, largest])
        for (const f of [dual.variance, dual.slopeVariance, dual.mean, dual.meanSlope])
          expect(Number.isFinite(f(a))).toBe(true);
    });

    test("matrices of κ and κ̇ are positive semidefinite", async () => {
      const n = 8;
      const generator = random(3);
      const rows = Array.from({ length: n }, () => [
        generator.normal(),
        generator.normal(),
        generator.normal(),
      ]);
      rows[1] = rows[0]!; // a duplicate
      const inner = (i: number, j: number): number =>
        rows[i]!.reduce((sum, x, k) => sum + x * rows[j]![k]!, 0) / 3;
      for (const part of ["value", "slope"] as const) {
        const diagonal: keyof Dual = part === "value" ? "variance" : "slopeVariance";
        const gram = new Float64Array(n * n);
        for (let i = 0; i < n; i++)
          for (let j = 0; j <= i; j++)
            gram[i * n + j] = gram[j * n + i] =
              i === j ? dual[diagonal](inner(i, i)) : dual[part](inner(i, i), inner(j, j), inner(i, j));
        const { values } = await plainEngine().eigenSymmetric(matrix(gram, n, n));
        expect(values[0]!).toBeGreaterThanOrEqual(-1e-11 * values[n - 1]!);
      }
    });
  },
);
