import { describe, expect, test } from "vitest";
import { random } from "../../src/linalg/random.ts";
import {
  activationFunctions,
  type ActivationInput,
  compose,
  crossDual,
  dualOf,
} from "../../src/layers/index.ts";
import { polarRule } from "../../src/layers/polar-rule.ts";
import { everyActivation, title } from "./every-activation.ts";

const entries = [
  [1, 1, 0.3],
  [0.5, 2, -0.9],
  [3, 1.5, 1.2],
  [1, 1, 1],
  [2, 0.5, -1],
  [0.2, 3, 0],
] as const;

function expectCross(first: ActivationInput, second: ActivationInput): void {
  const cross = crossDual(first, second);
  const swapped = crossDual(second, first);
  const f = activationFunctions(first);
  const g = activationFunctions(second);
  const value = polarRule(f.value, g.value, 1);
  const slope = polarRule(f.slope, g.slope, 1);
  for (const [a, b, c] of entries) {
    const scale = Math.sqrt(dualOf(first).variance(a) * dualOf(second).variance(b));
    const slopeScale = Math.sqrt(dualOf(first).slopeVariance(a) * dualOf(second).slopeVariance(b));
    expect(Math.abs(cross.value(a, b, c) - value.expectation(a, b, c))).toBeLessThan(3e-11 * scale);
    expect(Math.abs(cross.slope(a, b, c) - slope.expectation(a, b, c))).toBeLessThanOrEqual(
      3e-11 * slopeScale,
    );
    expect(Math.abs(swapped.value(b, a, c) - cross.value(a, b, c))).toBeLessThan(1e-11 * scale);
    expect(Math.abs(swapped.slope(b, a, c) - cross.slope(a, b, c))).toBeLessThanOrEqual(1e-11 * slopeScale);
  }
}

test.each(everyActivation.map((activation) => [title(activation), activation] as const))(
  "identity with %s is Stein's formula, jumps included",
  (_, activation) => {
    const { form } = crossDual({ name: "identity" }, activation);
    expect(form).toBe(dualOf(activation).form);
    expectCross({ name: "identity" }, activation);
  },
);

test.each([
  [
    { name: "polynomial", coefficients: [1, 2, 0, -1] },
    { name: "hermite", degree: 4 },
  ],
  [
    { name: "monomial", degree: 3 },
    { name: "polynomial", coefficients: [0.5, -1, 2] },
  ],
  [{ name: "relu" }, { name: "leaky-relu", slope: 0.3 }],
  [{ name: "absolute" }, { name: "piecewise-linear", negative: -0.5, positive: 2 }],
  [{ name: "piecewise-linear", negative: 2, positive: 2 }, { name: "gelu" }],
] satisfies [ActivationInput, ActivationInput][])("closed form of %o with %o", (first, second) => {
  expect(crossDual(first, second).form).toBe("closed");
  expectCross(first, second);
});

test.each([
  [{ name: "relu" }, { name: "erf" }],
  [{ name: "tanh" }, { name: "rectified-monomial", degree: 2 }],
  [{ name: "sign" }, { name: "cos" }],
  [{ name: "exp", rate: 0.5 }, { name: "elu" }],
] satisfies [ActivationInput, ActivationInput][])("%o with %o is integrated", (first, second) => {
  expect(crossDual(first, second).form).toBe("numeric");
  expectCross(first, second);
});

test("twice the same activation is its dual, by name and parameters", () => {
  for (const activation of everyActivation) {
    const dual = dualOf(activation);
    const cross = crossDual(activation, structuredCloneOf(activation));
    expect(cross.form).toBe(dual.form);
    expect(cross.value(1, 2, 0.7)).toBe(dual.value(1, 2, 0.7));
    expect(cross.slope(1, 2, 0.7)).toBe(dual.slope(1, 2, 0.7));
  }
  expect(crossDual({ name: "exp-normalized" }, { name: "exp-normalized", gamma: 1 }).value(1, 4, 2)).toBe(2);
});

function structuredCloneOf(activation: ActivationInput): ActivationInput {
  return { ...activation };
}

test("a skip over an activation: κ of x + φ(x) is c (1 + t_a + t_b) + κ_φ", () => {
  const phi: ActivationInput = { name: "gelu" };
  const { value, slope } = activationFunctions(phi);
  const both = dualOf({
    name: "custom",
    label: "skip",
    value: (x) => x + value(x),
    slope: (x) => 1 + slope(x),
  });
  const dual = dualOf(phi);
  const cross = crossDual({ name: "identity" }, phi);
  for (const [a, b, c] of entries) {
    expect(c + cross.value(a, b, c) + cross.value(b, a, c) + dual.value(a, b, c)).toBeCloseTo(
      both.value(a, b, c),
      10,
    );
    expect(1 + cross.slope(a, b, c) + cross.slope(b, a, c) + dual.slope(a, b, c)).toBeCloseTo(
      both.slope(a, b, c),
      10,
    );
  }
});

test("piecewise linear (1, 2) is identity plus relu", () => {
  const sum = dualOf({ name: "piecewise-linear", negative: 1, positive: 2 });
  const relu = dualOf({ name: "relu" });
  const cross = crossDual({ name: "identity" }, { name: "relu" });
  for (const [a, b, c] of entries) {
    expect(sum.value(a, b, c)).toBeCloseTo(c + 2 * cross.value(a, b, c) + relu.value(a, b, c), 13);
    expect(sum.slope(a, b, c)).toBeCloseTo(1 + 2 * cross.slope(a, b, c) + relu.slope(a, b, c), 13);
  }
});

test("an exp-normalized kernel has no cross dual with a function", () => {
  expect(() => crossDual({ name: "exp-normalized" }, { name: "relu" })).toThrow(RangeError);
  expect(() => crossDual({ name: "relu" }, { name: "exp-normalized" })).toThrow(RangeError);
});

describe("compose", () => {
  test("is the second function of the first, with derivatives by the chain rule", () => {
    const composed = compose({ name: "tanh" }, { name: "gelu" });
    expect(composed).toMatchObject({ name: "custom", label: "gelu∘tanh" });
    expect(compose(composed, { name: "sin" })).toMatchObject({ label: "sin∘gelu∘tanh" });
    const { value, slope, curvature } = activationFunctions(composed);
    const f = activationFunctions({ name: "tanh" });
    const g = activationFunctions({ name: "gelu" });
    for (const x of [-2, -0.4, 0, 0.7, 1.5]) {
      expect(value(x)).toBe(g.value(f.value(x)));
      const h = 1e-3;
      const difference = (p: (x: number) => number): number =>
        (8 * (p(x + h) - p(x - h)) - (p(x + 2 * h) - p(x - 2 * h))) / (12 * h);
      expect(slope(x)).toBeCloseTo(difference(value), 10);
      expect(curvature(x)).toBeCloseTo(difference(slope), 9);
    }
  });

  test("identity changes nothing", () => {
    expect(compose({ name: "identity" }, { name: "relu" })).toEqual({ name: "relu" });
    expect(compose({ name: "elu" }, { name: "identity" })).toEqual({ name: "elu", alpha: 1 });
  });

  test("relu after relu has the dual of relu", () => {
    const composed = dualOf(compose({ name: "relu" }, { name: "relu" }));
    const relu = dualOf({ name: "relu" });
    for (const [a, b, c] of entries) {
      expect(composed.value(a, b, c)).toBeCloseTo(relu.value(a, b, c), 12);
      expect(composed.slope(a, b, c)).toBeCloseTo(relu.slope(a, b, c), 12);
    }
  });

  test("its dual is the average over random Gaussian pairs", () => {
    const composed = compose({ name: "absolute" }, { name: "tanh" });
    const { value } = activationFunctions(composed);
    const generator = random(7);
    const n = 40_000;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const u = generator.normal();
      const product = value(u) * value(0.6 * u + 0.8 * generator.normal());
      sum += product;
      squares += product * product;
    }
    const standardError = Math.sqrt((squares / n - (sum / n) ** 2) / n);
    expect(Math.abs(dualOf(composed).value(1, 1, 0.6) - sum / n)).toBeLessThan(4 * standardError);
  });
});
