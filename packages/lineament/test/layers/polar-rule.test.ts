import { describe, expect, test } from "vitest";
import { activationFunctions, type ActivationInput, dualOf } from "../../src/layers/index.ts";
import { polarRule } from "../../src/layers/polar-rule.ts";
import { eluDual } from "./bivariate-normal.ts";

describe("against closed forms, from variance 0.01 to 100 million", () => {
  test.each(["erf", "normal-cdf", "gelu", "relu", "absolute"] as const)("%s and its slope", (name) => {
    const dual = dualOf({ name });
    const functions = activationFunctions({ name });
    for (const part of ["value", "slope"] as const) {
      const { expectation } = polarRule(functions[part], functions[part]);
      const norm = part === "value" ? dual.variance : dual.slopeVariance;
      for (const a of [0.01, 1, 2, 4, 8, 25, 100, 1e4, 1e6, 1e8])
        for (const b of [a, a / 7])
          for (const rho of [-1, -0.5, 0.3, 0.99, 1]) {
            const c = rho * Math.sqrt(a * b);
            const error = Math.abs(expectation(a, b, c) - dual[part](a, b, c));
            expect(error).toBeLessThan(2e-11 * Math.sqrt(norm(a) * norm(b)));
          }
    }
  });
});

test("elu has the closed form with Φ₂", () => {
  for (const alpha of [1, 0.5]) {
    const dual = dualOf({ name: "elu", alpha });
    for (const [a, b] of [
      [1, 1],
      [0.3, 2],
      [4, 3],
    ] as const)
      for (const rho of [-0.9, -0.3, 0.2, 0.8, 0.95]) {
        const c = rho * Math.sqrt(a * b);
        const { value, slope } = eluDual(alpha, a, b, c);
        expect(Math.abs(dual.value(a, b, c) - value)).toBeLessThan(1e-13 * Math.max(a, b));
        expect(Math.abs(dual.slope(a, b, c) - slope)).toBeLessThan(1e-13);
      }
  }
});

test("functions that oscillate or grow exponentially get what they need", () => {
  for (const frequency of [5, 20]) {
    const sine: ActivationInput = { name: "sin", frequency };
    const { value } = activationFunctions(sine);
    const { expectation } = polarRule(value, value);
    for (const rho of [-1, 0.4, 0.99])
      expect(Math.abs(expectation(1, 1, rho) - dualOf(sine).value(1, 1, rho))).toBeLessThan(1e-12);
  }
  const custom = dualOf({ name: "custom", label: "e^2x", value: (x) => Math.exp(2 * x) });
  const exact = dualOf({ name: "exp", rate: 2 });
  for (const [a, c] of [
    [1, 0.5],
    [3, -2],
    [4, 4],
  ] as const) {
    expect(Math.abs(custom.value(a, a, c) / exact.value(a, a, c) - 1)).toBeLessThan(1e-9);
    expect(Math.abs(custom.variance(a) / exact.variance(a) - 1)).toBeLessThan(1e-9);
  }
});

test("an entry costs 3,072 values of each function, half for equal variances, more where they bend sharply", () => {
  let count = 0;
  const counted = (x: number): number => {
    count++;
    return 1 / Math.cosh(x) ** 2;
  };
  const { expectation } = polarRule(counted, counted);
  const cost = (a: number, b: number): number => {
    expectation(a, b, 0.1); // finds the number of nodes
    count = 0;
    expectation(a, b, 0.3);
    return count;
  };
  expect(cost(1, 0.9)).toBe(2 * 3072);
  expect(polarRule(counted, counted).cost(1)).toBe(2 * 3072);
  expect(cost(1, 1)).toBe(3072);
  expect(cost(25, 24)).toBe(4 * 2 * 3072);
});

test("a jump at 0 is on the rays", () => {
  const step = (x: number): number => (x > 0 ? 1 : 0);
  const { expectation } = polarRule(step, step);
  for (const rho of [-1, -0.7, 0, 0.2, 0.999, 1])
    expect(Math.abs(expectation(2, 2, 2 * rho) - (Math.PI - Math.acos(rho)) / (2 * Math.PI))).toBeLessThan(
      1e-14,
    );
});
