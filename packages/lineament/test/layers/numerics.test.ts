import { describe, expect, test } from "vitest";
import { chebyshevExpansion, chebyshevValue } from "../../src/layers/chebyshev.ts";
import { angle, complement, geometricMean } from "../../src/layers/correlation.ts";
import { erf, erfc, normalCdf, normalDensity } from "../../src/layers/error-function.ts";
import { gaussLegendre } from "../../src/layers/gauss-legendre.ts";
import { normalExpectation } from "../../src/layers/half-line-rule.ts";

describe("Gauss–Legendre", () => {
  test.each([1, 2, 3, 7, 24, 64, 301])("%d nodes integrate powers up to degree 2n − 1", (n) => {
    const { nodes, weights } = gaussLegendre(n);
    for (let degree = 0; degree < Math.min(2 * n, 60); degree++) {
      const got = nodes.reduce((sum, x, i) => sum + weights[i]! * x ** degree, 0);
      expect(Math.abs(got - (degree % 2 === 0 ? 2 / (degree + 1) : 0))).toBeLessThan(2e-14);
    }
    expect([...nodes]).toEqual([...nodes].sort((x, y) => x - y));
    expect(gaussLegendre(n)).toBe(gaussLegendre(n));
  });

  test("there are no rules of 0 or 2.5 nodes", () => {
    expect(() => gaussLegendre(0)).toThrow(RangeError);
    expect(() => gaussLegendre(2.5)).toThrow(RangeError);
  });
});

describe("the error function", () => {
  // erf(x) and erfc(x) by mpmath 1.3, rounded to doubles.
  test.each([
    [0.25, 0.27632639016823696, 0.7236736098317631],
    [0.5, 0.5204998778130465, 0.4795001221869535],
    [1, 0.8427007929497149, 0.15729920705028513],
    [1.5, 0.9661051464753108, 0.033894853524689274],
    [3, 0.9999779095030014, 2.209049699858544e-5],
    [6, 1, 2.1519736712498913e-17],
    [20, 1, 5.395865611607901e-176],
  ])("erf and erfc of %d", (x, value, complementary) => {
    expect(Math.abs(erf(x) / value - 1)).toBeLessThan(3e-16);
    expect(Math.abs(erfc(x) / complementary - 1)).toBeLessThan(2e-15);
    expect(erf(-x)).toBe(-erf(x));
    expect(Math.abs(erfc(-x) - (2 - complementary))).toBeLessThan(5e-16);
  });

  test("limits, and Φ′ = φ", () => {
    expect([erf(0), erf(Infinity), erf(-Infinity), erfc(Infinity), erfc(-Infinity)]).toEqual([
      0, 1, -1, 0, 2,
    ]);
    expect(erf(NaN)).toBeNaN();
    for (const x of [-3, -0.7, 0.1, 1.2, 2.6]) {
      const h = 1e-4;
      expect((normalCdf(x + h) - normalCdf(x - h)) / (2 * h)).toBeCloseTo(normalDensity(x), 8);
    }
  });
});

describe("angles", () => {
  test("√(ab) is exact on the diagonal and does not overflow", () => {
    for (const a of [0, 1e-300, 0.1, 7.3, 1e300]) expect(geometricMean(a, a)).toBe(a);
    expect(geometricMean(1e-200, 1e-180) / 1e-190).toBeCloseTo(1, 14);
    expect(geometricMean(1e200, 1e-200)).toBeCloseTo(1, 14);
  });

  test("θ keeps the digits that c has, near 0 and π too", () => {
    for (const k of [1, 5, 20, 40]) {
      const c = 1 - 2 ** -k;
      const theta = 2 * Math.asin(Math.sqrt(2 ** -k / 2));
      expect(Math.abs(angle(1, c) / theta - 1)).toBeLessThan(1e-15);
      expect(Math.abs((Math.PI - angle(1, -c)) / theta - 1)).toBeLessThan(k > 10 ? 1e-9 : 1e-14);
      expect(Math.abs(complement(1, c) / Math.sin(theta) - 1)).toBeLessThan(1e-15);
    }
    expect([angle(2, 2), angle(2, 2.1), angle(2, -2.1), angle(0, 0)]).toEqual([0, 0, Math.PI, Math.PI / 2]);
    expect(complement(1, 1.5)).toBe(0);
  });
});

test("E[|√a ξ|^k] by the half-line rule, for variances over 16 decades", () => {
  for (const a of [1e-8, 1, 100, 1e8]) {
    const power = (k: number): number => normalExpectation((x) => Math.abs(x) ** k, a) / a ** (k / 2);
    expect(power(0)).toBeCloseTo(1, 12);
    expect(power(1)).toBeCloseTo(Math.sqrt(2 / Math.PI), 12);
    expect(power(3)).toBeCloseTo(2 * Math.sqrt(2 / Math.PI), 12);
    expect(power(4)).toBeCloseTo(3, 11);
  }
});

test("Chebyshev interpolation of an analytic function stops at rounding", () => {
  const f = (x: number): number => Math.exp(-x) * Math.cos(3 * x);
  const expansion = chebyshevExpansion(f, [0, 2]);
  expect(expansion.tail).toBeLessThan(1e-12);
  expect(expansion.degree).toBeLessThan(24);
  for (const x of [0, 0.3, 1.1, 2])
    expect(chebyshevValue(expansion.coefficients, x - 1)).toBeCloseTo(f(x), 12);
  const kink = chebyshevExpansion(Math.abs, [-1, 1.1], { largestDegree: 64 });
  expect(kink.degree).toBe(64);
  expect(kink.tail).toBeGreaterThan(1e-4);
});
