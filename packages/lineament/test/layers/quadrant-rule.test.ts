import { describe, expect, test } from "vitest";
import { activationFunctions, type ActivationChoice, dualOf } from "../../src/layers/index.ts";
import { polarRule } from "../../src/layers/polar-rule.ts";
import { quadrantRule } from "../../src/layers/quadrant-rule.ts";

/** From nearly parallel to orthogonal, on both sides of the angle where the nodes change. */
const angles = [0, 1e-6, 1e-4, 0.01, 0.0299, 0.0301, 0.1, 0.5, 1, 1.5, Math.PI / 2];

describe("against closed forms, for pairs of standard deviations a thousandfold apart, at any angle", () => {
  test.each(["relu", "gelu", "erf", "sign", "sin", "absolute"] as const)("%s and its slope", (name) => {
    const dual = dualOf(name);
    const functions = activationFunctions(name);
    for (const largest of name === "sin" ? [0.3, 3] : [0.3, 3, 30, 1000])
      for (const part of ["value", "slope"] as const) {
        const rule = quadrantRule(functions[part], functions[part]);
        const p = Float64Array.of(largest / 1000, largest / 3, largest);
        const norms = p.map((s) => Math.sqrt((part === "value" ? dual.variance : dual.slopeVariance)(s * s)));
        for (const theta of angles) {
          const { near, far } = rule.expectations(p, p, theta);
          p.forEach((s, k) =>
            p.forEach((t, l) => {
              const c = s * t * Math.cos(theta);
              // Errors of the rule, and of the angle that a covariance keeps, which duals magnify by up to √a.
              const angleError = 1e-15 / Math.max(theta, 1e-8);
              const allowed = (3e-12 + angleError * (1 + largest)) * norms[k]! * norms[l]!;
              expect(Math.abs(near[3 * k + l]! - dual[part](s * s, t * t, c))).toBeLessThanOrEqual(allowed);
              expect(Math.abs(far[3 * k + l]! - dual[part](s * s, t * t, -c))).toBeLessThanOrEqual(allowed);
            }),
          );
        }
      }
  });
});

test.each([
  ["tanh", "elu"],
  ["selu", "sigmoid"],
  ["mish", "softplus"],
] satisfies [ActivationChoice, ActivationChoice][])(
  "it agrees with the polar rule for %s with %s",
  (first, second) => {
    const [f, g] = [activationFunctions(first), activationFunctions(second)];
    const p = Float64Array.of(0.4, 2);
    const q = Float64Array.of(1, 3, 0.1);
    for (const part of ["value", "slope"] as const) {
      const polar = polarRule(f[part], g[part]);
      const quadrant = quadrantRule(f[part], g[part]);
      for (const theta of [0.02, 0.7, 1.4]) {
        const { near, far } = quadrant.expectations(p, q, theta);
        p.forEach((s, k) =>
          q.forEach((t, l) => {
            expect(near[3 * k + l]).toBeCloseTo(polar.atAngle(s, t, theta), 10);
            expect(far[3 * k + l]).toBeCloseTo(polar.atAngle(s, t, Math.PI - theta), 10);
          }),
        );
      }
    }
  },
);

test("exponential growth gets the reach that it needs", () => {
  const f = (x: number): number => Math.exp(2 * x);
  const exact = dualOf({ name: "exp", rate: 2 });
  const { near, far } = quadrantRule(f, f, 2).expectations(Float64Array.of(1.5), Float64Array.of(1.5), 0.8);
  const c = 2.25 * Math.cos(0.8);
  expect(near[0]! / exact.value(2.25, 2.25, c)).toBeCloseTo(1, 11);
  expect(far[0]! / exact.value(2.25, 2.25, -c)).toBeCloseTo(1, 9);
});

test("a kink away from 0 is told by the error", () => {
  const hard = (x: number): number => Math.max(-1, Math.min(1, x));
  const rule = quadrantRule(hard, hard);
  expect(rule.error(2)).toBeGreaterThan(1e-7);
  expect(rule.error(2)).toBeLessThan(1e-3);
  expect(quadrantRule(Math.tanh, Math.tanh).error(2)).toBeLessThan(1e-12);
  // E[clip(√a ξ)²] in closed form: a (erf(1/√(2a)) − 2 φ(1/√a)/√a) + erfc(1/√(2a)), here a = 4.
  const [inside, density] = [0.38292492254802624, 0.3520653267642995];
  const exact = 4 * (inside - density) + 1 - inside;
  const found = rule.expectations(Float64Array.of(2), Float64Array.of(2), 0).near[0]!;
  expect(Math.abs(found - exact)).toBeLessThan(10 * rule.error(2));
});
