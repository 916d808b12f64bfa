import { describe, expect, it } from "vitest";
import { balancedExponent, balancedExponentError } from "../../../src/predictions/index.ts";

describe("features of balanced linear networks", () => {
  it("have exponent 1/L in the first layer and 1 in the last", () => {
    expect(balancedExponent(3, 1)).toBe(1 / 3);
    expect(balancedExponent(3, 2)).toBe(1 / 2);
    expect(balancedExponent(4, 4)).toBe(1);
  });

  it("err by nothing at the right exponent, and by hand-computed numbers elsewhere", () => {
    const sigma = [8, 1, 0];
    for (const layer of [1, 2, 3]) {
      const exponent = balancedExponent(3, layer);
      expect(balancedExponentError(sigma, { depth: 3, layer, exponent })).toBeLessThan(1e-14);
    }
    // WᵀW has eigenvalues 4, 1, 0 and A has 64, 1, 0 (layer 1) or 4, 1, 0 (layer 3).
    expect(balancedExponentError(sigma, { depth: 3, layer: 1, exponent: 1 / 2 })).toBeCloseTo(
      4 / Math.sqrt(17),
      14,
    );
    expect(balancedExponentError(sigma, { depth: 3, layer: 3, exponent: 2 })).toBeCloseTo(
      12 / Math.sqrt(17),
      14,
    );
  });

  it("does not tell exponents apart where all singular values are 1", () => {
    expect(balancedExponentError([1, 1], { depth: 2, layer: 1, exponent: 0.7 })).toBe(0);
  });
});
