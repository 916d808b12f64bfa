import { normalExpectation } from "./half-line-rule.ts";
import { polarExpectation } from "./polar-rule.ts";
import type { Dual, Pointwise } from "./activation.ts";

/** Stands for variance 0 where the slope is wanted on both sides of a kink: θ = π/2, as in the closed forms. */
const tiny = 1e-300;

/**
 * The dual of any activation that is smooth on each half-line, by quadrature: 3,072 values of φ for each entry, 12,288 for
 * variances above 4.
 * @param growth - B when |φ| grows like e^(B|x|)
 */
export function polarDual(functions: Pick<Pointwise, "value" | "slope">, growth = 0): Dual {
  const { value, slope } = functions;
  const square = (x: number): number => value(x) ** 2;
  const slopeSquare = (x: number): number => slope(x) ** 2;
  return {
    form: "numeric",
    value: (a, b, c) => polarExpectation(value, value, a, b, c, growth),
    slope: (a, b, c) => polarExpectation(slope, slope, Math.max(a, tiny), Math.max(b, tiny), c, growth),
    variance: (a) => normalExpectation(square, a, 2 * growth),
    slopeVariance: (a) => normalExpectation(slopeSquare, Math.max(a, tiny), 2 * growth),
    mean: (a) => normalExpectation(value, a, growth),
    meanSlope: (a) => normalExpectation(slope, Math.max(a, tiny), growth),
  };
}
