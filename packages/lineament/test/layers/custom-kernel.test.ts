import { expect, test } from "vitest";
import { activationFunctions, activationName, crossDual, dualOf } from "../../src/layers/index.ts";
import type { ActivationInput } from "../../src/layers/index.ts";

type DualFunction = (a: number, b: number, c: number) => number;

const gelu = dualOf("gelu");
const relu = dualOf("relu");
const named = (label: string, value: DualFunction, slope?: DualFunction): ActivationInput => ({
  name: "custom-kernel",
  label,
  value,
  ...(slope ? { slope } : {}),
});

test("a kernel of the user's own is taken as it is", () => {
  const dual = dualOf(named("mine", gelu.value, gelu.slope));
  expect(dual.form).toBe("closed");
  expect(dual.value(1, 2, 0.3)).toBe(gelu.value(1, 2, 0.3));
  expect(dual.slope(1, 2, 0.3)).toBe(gelu.slope(1, 2, 0.3));
  expect(dual.variance(2)).toBeCloseTo(gelu.variance(2), 14);
  expect(dual.slopeError).toBeUndefined();
  // A covariance that rounding made too large counts as √(ab).
  expect(dual.value(1, 4, 2.0000000001)).toBe(gelu.value(1, 4, 2));
  expect(activationName({ ...named("mine", gelu.value), name: "custom-kernel" } as never)).toBe("mine");
});

test("a slope that is not given is the derivative of the kernel, with its error", () => {
  const dual = dualOf(named("mine", gelu.value));
  expect(dual.slopeError).toBeLessThan(1e-9);
  for (const [a, b, c] of [
    [1, 2, 0.3],
    [0.5, 0.5, 0.5],
    [3, 1, -1.7],
    [2, 2, 1.99999],
  ] as const)
    expect(Math.abs(dual.slope(a, b, c) - gelu.slope(a, b, c))).toBeLessThan(1e-8);
  expect(dual.slope(0, 1, 0)).toBe(0);
  // That of relu bends like a root near c = √(ab): the error says so.
  const kinked = dualOf(named("arc-cosine", relu.value));
  expect(kinked.slopeError).toBeGreaterThan(1e-4);
  expect(Math.abs(kinked.slopeVariance(1) - 0.5)).toBeLessThan(5 * kinked.slopeError! * 0.5);
  expect(Math.abs(kinked.slope(1, 1, 0.3) - relu.slope(1, 1, 0.3))).toBeLessThan(1e-10);
});

test("it is no function: no means, no finite network, no other beside it", () => {
  const mine = named("mine", gelu.value, gelu.slope);
  expect(() => dualOf(mine).mean(1)).toThrow("mine is a kernel and no function");
  expect(() => activationFunctions(mine)).toThrow("mine is a kernel of infinite networks alone");
  expect(() => crossDual(mine, "relu")).toThrow(RangeError);
  expect(crossDual(mine, mine).value(1, 1, 0.5)).toBe(gelu.value(1, 1, 0.5));
  expect(() => crossDual(mine, named("mine", relu.value, relu.slope))).toThrow(RangeError);
});

test("kernels that are no finite numbers are refused", () => {
  expect(() => dualOf(named("mine", () => NaN))).toThrow(/value\(1, 1, -1\) of the kernel "mine" is NaN/u);
  expect(() => dualOf(named("mine", gelu.value, () => Infinity))).toThrow(/slope\(1, 1, -1\)/u);
  expect(() => dualOf({ name: "custom-kernel", label: "mine" } as never)).toThrow(
    /activation\.value is wrong: a function of two variances and a covariance/u,
  );
});
