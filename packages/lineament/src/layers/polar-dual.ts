import type { Dual, Pointwise } from "./activation.ts";
import { normalExpectation } from "./half-line-rule.ts";
import { polarRule, type PolarRule } from "./polar-rule.ts";

/** Stands for variance 0 where the slope is wanted on both sides of a kink: θ = π/2, as in the closed forms. */
export const barelyPositive = 1e-300;

type ValueAndSlope = Pick<Pointwise, "value" | "slope">;

/** The dual of any activation that is smooth on each half-line, by quadrature at each entry. */
export function polarDual(functions: ValueAndSlope, growth = 0): Dual {
  const { value, slope } = functions;
  const square = (x: number): number => value(x) ** 2;
  const slopeSquare = (x: number): number => slope(x) ** 2;
  const positive = (a: number): number => Math.max(a, barelyPositive);
  return {
    form: "numeric",
    ...polarCrossDual(polarRules(functions, functions, growth)),
    variance: (a) => normalExpectation(square, a, 2 * growth),
    slopeVariance: (a) => normalExpectation(slopeSquare, positive(a), 2 * growth),
    mean: (a) => normalExpectation(value, a, growth),
    meanSlope: (a) => normalExpectation(slope, positive(a), growth),
  };
}

/** E[φ(u) ψ(v)] and E[φ′(u) ψ′(v)] by quadrature at each entry. */
export function polarCrossDual({ values, slopes }: PolarRules): Pick<Dual, "value" | "slope"> {
  return {
    value: values.expectation,
    slope: (a, b, c) => slopes.expectation(Math.max(a, barelyPositive), Math.max(b, barelyPositive), c),
  };
}

/** The quadrature of φ, ψ and of their slopes. */
export interface PolarRules {
  readonly values: PolarRule;
  readonly slopes: PolarRule;
}

export function polarRules(first: ValueAndSlope, second: ValueAndSlope, growth: number): PolarRules {
  return {
    values: polarRule(first.value, second.value, growth),
    slopes: polarRule(first.slope, second.slope, growth),
  };
}
