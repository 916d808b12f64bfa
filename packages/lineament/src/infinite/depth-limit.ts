import { type ActivationChoice, dualOf } from "../layers/index.ts";

/**
 * What ever deeper networks of infinite width classify by, sgn yᵀK⁻¹k(x), for inputs on the sphere in one orthant:
 *
 * - nearest-neighbor: the label of the nearest training point
 * - singular-kernel: sgn Σ_i y_i ψ(⟨x, x_i⟩), ψ ~ ‖x − x_i‖^−exponent near x_i
 * - majority: the label that most training points have, everywhere
 * - collapse: all correlations tend to 1; the interpolant of a limiting kernel, which depends on x
 * - unchanged: the activation is linear
 */
export type DepthRule = "nearest-neighbor" | "singular-kernel" | "majority" | "collapse" | "unchanged";

export interface DepthLimit {
  readonly rule: DepthRule;
  /** φ̌(0) = (E φ)²/E[φ²] for the dual φ̌ of the activation at variance 1, φ̌(1) = 1. */
  readonly atZero: number;
  /** φ̌′(0) = (E φ′)²/E[φ²]. */
  readonly slopeAtZero: number;
  /** φ̌′(1) = E[φ′²]/E[φ²]. */
  readonly slopeAtOne: number;
  /** α = 2 ln(1/φ̌′(0))/ln φ̌′(1) of the singular kernel. On a manifold of dimension α the classifier is consistent. */
  readonly exponent: number | undefined;
}

/** Means and slopes below this share of E[φ²] are rounding of the integrals. */
const negligible = 1e-12;

/**
 * The rule that networks with this activation tend to with depth, if variances are held at 1 (φ divided by √E[φ²]).
 *
 * @throws RangeError for an activation that is 0 everywhere
 * @see Radhakrishnan, Belkin & Uhler, arXiv:2204.14126, for nearest neighbors, singular kernels and majority votes; claim IN-17 for
 * the collapse
 */
export function depthLimit(activation: ActivationChoice): DepthLimit {
  const dual = dualOf(activation);
  const square = dual.variance(1);
  if (!(square > 0)) throw new RangeError("depthLimit: the activation is 0 everywhere; give one that is not");
  const atZero = dual.value(1, 1, 0) / square;
  const slopeAtZero = dual.slope(1, 1, 0) / square;
  const slopeAtOne = dual.slopeVariance(1) / square;
  const rule = ruleOf(atZero, slopeAtZero, slopeAtOne);
  return {
    rule,
    atZero,
    slopeAtZero,
    slopeAtOne,
    exponent: rule === "singular-kernel" ? (-2 * Math.log(slopeAtZero)) / Math.log(slopeAtOne) : undefined,
  };
}

function ruleOf(atZero: number, slopeAtZero: number, slopeAtOne: number): DepthRule {
  if (atZero > negligible) return slopeAtOne >= 1 - negligible ? "majority" : "collapse";
  if (slopeAtZero < negligible) return "nearest-neighbor";
  return slopeAtZero > 1 - negligible ? "unchanged" : "singular-kernel";
}
