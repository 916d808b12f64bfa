import type { ActivationChoice, Dual, Pointwise } from "./activation.ts";
import { activationKey } from "./activation-key.ts";
import { piecewiseLinearDual } from "./activations/piecewise-linear.ts";
import { crossRules } from "./cross-rules.ts";
import { nonlinearity, type Nonlinearity } from "./nonlinearity.ts";
import { activationFunctions } from "./pointwise.ts";
import { polarCrossDual } from "./polar-dual.ts";
import { polynomialCrossDual } from "./polynomial-dual.ts";

/** What two activations make of one Gaussian pair (u, v) with variances a, b and covariance c. */
export interface CrossDual {
  /** As in `Dual`: `numeric` ones are slow for each entry. */
  readonly form: "closed" | "numeric";
  /** E[φ(u) ψ(v)]. */
  readonly value: (a: number, b: number, c: number) => number;
  /** E[φ′(u) ψ′(v)], derivatives almost everywhere. */
  readonly slope: (a: number, b: number, c: number) => number;
  /** As in `Dual`. */
  readonly slopeError?: number;
}

/**
 * The dual of two activations, for sums of correlated branches. Closed forms: twice the same activation
 * that has one, a linear one with any that has one (Stein), two polynomials, two piecewise linear ones; the polar rule
 * otherwise.
 * @throws RangeError for a kernel alone, such as `exp-normalized`, with another
 */
export function crossDual(first: ActivationChoice, second: ActivationChoice): CrossDual {
  if (activationKey(first) === activationKey(second)) return nonlinearity(first).dual;
  const left = nonlinearity(first);
  const right = nonlinearity(second);
  const leftFunctions = activationFunctions(first);
  const rightFunctions = activationFunctions(second);
  if (left.expansion && right.expansion)
    return { form: "closed", ...polynomialCrossDual(left.expansion, right.expansion) };
  if (left.slopes && right.slopes) return piecewiseLinearPair(left.slopes, right.slopes);
  if (isLinear(left)) return linearWith(left.slopes[0], right.dual, rightFunctions);
  if (isLinear(right)) {
    const { form, value, slope } = linearWith(right.slopes[0], left.dual, leftFunctions);
    return { form, value: (a, b, c) => value(b, a, c), slope: (a, b, c) => slope(b, a, c) };
  }
  return { form: "numeric", ...polarCrossDual(crossRules(first, second)) };
}

function isLinear(
  candidate: Nonlinearity,
): candidate is Nonlinearity & { slopes: readonly [number, number] } {
  return candidate.slopes !== undefined && candidate.slopes[0] === candidate.slopes[1];
}

/** φ = s̄x + d̄|x|: the odd and even parts do not meet. */
function piecewiseLinearPair(first: readonly [number, number], second: readonly [number, number]): CrossDual {
  const absolute = piecewiseLinearDual(-1, 1);
  const odd = ((first[0] + first[1]) * (second[0] + second[1])) / 4;
  const even = ((first[1] - first[0]) * (second[1] - second[0])) / 4;
  return {
    form: "closed",
    value: (a, b, c) => odd * c + even * absolute.value(a, b, c),
    slope: (a, b, c) => odd + even * absolute.slope(a, b, c),
  };
}

/** Stein: E[u ψ(v)] = c E[ψ′(v)], where a jump J of ψ at 0 counts with its density J/√(2πb). */
function linearWith(factor: number, dual: Dual, { value }: Pointwise): CrossDual {
  const jump = value(Number.MIN_VALUE) - value(-Number.MIN_VALUE);
  return {
    form: dual.form,
    value: (_a, b, c) =>
      b === 0 ? 0 : factor * c * (dual.meanSlope(b) + (jump === 0 ? 0 : jump / Math.sqrt(2 * Math.PI * b))),
    slope: (_a, b) => factor * dual.meanSlope(b),
  };
}
