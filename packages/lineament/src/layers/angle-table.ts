import type { ActivationChoice } from "./activation.ts";
import { chebyshevExpansion, chebyshevValue } from "./chebyshev.ts";
import { checkVariances } from "./correlation.ts";
import { crossRules } from "./cross-rules.ts";
import { barelyPositive } from "./polar-dual.ts";
import type { PolarRule } from "./polar-rule.ts";

/** κ and κ̇ as functions of the angle θ ∈ [0, π] between inputs, cos θ = c/√(ab), for fixed variances a and b. */
export interface AngleTable {
  readonly value: (theta: number) => number;
  readonly slope: (theta: number) => number;
  /** Of the Chebyshev interpolants of κ and κ̇. */
  readonly degrees: readonly [number, number];
  /** Size of the last coefficients relative to the largest. */
  readonly tail: number;
}

/**
 * Tabulates E[φ(u) ψ(v)] and E[φ′(u) ψ′(v)] at fixed variances by Chebyshev interpolation in θ, where they are smooth even for
 * kinks, until the last coefficients fall below 1e-12 of the largest. About 100 integrals by the polar rule, then 2 ns a degree: 15 to 60 at
 * variances up to 25.
 * @param a - variance of u
 * @param b - variance of v
 */
export function angleTable(
  first: ActivationChoice,
  second: ActivationChoice,
  a: number,
  b: number,
): AngleTable {
  checkVariances("angleTable", "variances", [a, b]);
  const { values, slopes } = crossRules(first, second);
  const value = chebyshevOfAngle(values, a, b);
  const slope = chebyshevOfAngle(slopes, a, b);
  return {
    value: (theta) => chebyshevValue(value.coefficients, (2 / Math.PI) * theta - 1),
    slope: (theta) => chebyshevValue(slope.coefficients, (2 / Math.PI) * theta - 1),
    degrees: [value.degree, slope.degree],
    tail: Math.max(value.tail, slope.tail),
  };
}

function chebyshevOfAngle(rule: PolarRule, a: number, b: number): ReturnType<typeof chebyshevExpansion> {
  const p = Math.sqrt(Math.max(a, barelyPositive));
  const q = Math.sqrt(Math.max(b, barelyPositive));
  const tolerance = Math.max(1e-12, rule.error(Math.max(a, b)));
  return chebyshevExpansion((theta) => rule.atAngle(p, q, theta), [0, Math.PI], { tolerance });
}
