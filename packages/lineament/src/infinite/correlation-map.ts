import { type ActivationChoice, hermiteExpansion, slopesOf } from "../layers/index.ts";
import { sineMinusArc } from "../linalg/dense-kernels.ts";

/**
 * What a layer of infinite width that keeps variances at 1 makes of a correlation ξ in [0, 1] of two inputs:
 * φ̌(ξ) = E[φ(u) φ(v)]/E[φ²] for standard normal u, v of correlation ξ. It is a power series Σ_k p_k ξ^k with p_k ≥ 0 and
 * Σ_k p_k = 1. Nothing is lost near ξ = 1, where the gap 1 − ξ is followed, nor near 0, where the leading power is split off.
 */
export interface CorrelationMap {
  /** m, the first power with p_m > 0. */
  readonly order: number;
  /** p₀ = φ̌(0) = (E φ)²/E[φ²]. */
  readonly atZero: number;
  /** φ̌′(0) = (E φ′)²/E[φ²]. */
  readonly slopeAtZero: number;
  /** φ̌′(1) = E[φ′²]/E[φ²]. */
  readonly slopeAtOne: number;
  /** 1 − φ̌(1 − gap). */
  readonly gap: (gap: number) => number;
  /** φ̌(ξ)/ξ^m. */
  readonly ratio: (correlation: number) => number;
  /** ξ^(1−m) φ̌′(ξ), of a correlation and its gap, 1 − ξ. */
  readonly slope: (correlation: number, gap: number) => number;
}

/** Hermite coefficients below this share of √E[φ²] are rounding. */
const negligible = 1e-14;

/** What the power series may leave out of E[φ²] and of E[φ′²], as a share. */
const tolerated = 1e-12;

/**
 * The correlation map of an activation, in closed form for piecewise linear ones, else by its Hermite coefficients.
 *
 * @throws RangeError for an activation that is 0, or with a kink or a jump that is not piecewise linear: its power series converges
 * too slowly
 * @see Daniely, Frostig & Singer, arXiv:1602.05897
 */
export function correlationMap(activation: ActivationChoice): CorrelationMap {
  const slopes = slopesOf(activation);
  if (slopes && slopes[0] !== slopes[1]) return kinkedMap(slopes[0], slopes[1]);
  return seriesMap(slopes ? [0, 1] : powersOf(activation));
}

/** γ ↦ γ − (α − β)²/(π(α² + β²)) (sin θ − θ cos θ) with γ = 1 − cos θ. */
function kinkedMap(negative: number, positive: number): CorrelationMap {
  const kink = (negative - positive) ** 2 / (Math.PI * (negative ** 2 + positive ** 2));
  const angle = (gap: number): readonly [theta: number, sin: number, cos: number] => {
    const [sin, cos] = [Math.sqrt(gap * (2 - gap)), 1 - gap];
    return [Math.atan2(sin, cos), sin, cos];
  };
  const gap = (before: number): number => before - kink * sineMinusArc(...angle(before));
  // α = −β: what is left of the slope at 0 is rounding.
  const slopeAtZero = negative === -positive ? 0 : 1 - (kink * Math.PI) / 2;
  return {
    order: 0,
    atZero: kink,
    slopeAtZero,
    slopeAtOne: 1,
    gap,
    ratio: (correlation) => 1 - gap(1 - correlation),
    slope: (correlation, before) => correlation * (1 - kink * angle(before)[0]),
  };
}

function seriesMap(powers: readonly number[]): CorrelationMap {
  const order = powers.findIndex((p) => p > 0);
  const rest = Float64Array.from(powers.slice(order));
  const weighted = rest.map((p, k) => (order + k) * p);
  // (1 − φ̌(ξ))/(1 − ξ) = Σ_j ξ^j Σ_{k>j} p_k.
  const tails = new Float64Array(powers.length - 1);
  let [tail, slopeAtOne] = [0, 0];
  for (let k = tails.length; k > 0; k--) {
    tail += powers[k]!;
    slopeAtOne += k * powers[k]!;
    tails[k - 1] = tail;
  }
  return {
    order,
    atZero: powers[0]!,
    slopeAtZero: powers[1] ?? 0,
    slopeAtOne,
    gap: (gap) => gap * horner(tails, 1 - gap),
    ratio: (correlation) => horner(rest, correlation),
    slope: (correlation) => horner(weighted, correlation),
  };
}

/** p_k of a smooth activation. */
function powersOf(activation: ActivationChoice): readonly number[] {
  for (let terms = 64; terms <= 1024; terms *= 2) {
    const { value, slope } = hermiteExpansion(activation, [1], { terms });
    const total = squares(value.coefficients) + value.remainders[0]!;
    if (!(total > 0))
      throw new RangeError("correlationMap: the activation is 0 everywhere; give one that is not");
    if (
      [value, slope].some(({ coefficients, remainders: [rest] }) => rest! > tolerated * squares(coefficients))
    )
      continue;
    const powers = Array.from(value.coefficients, (h) => (h * h > negligible ** 2 * total ? h * h : 0));
    const kept = powers.slice(0, powers.findLastIndex((p) => p > 0) + 1);
    const sum = kept.reduce((all, p) => all + p, 0);
    return kept.map((p) => p / sum);
  }
  throw new RangeError(
    `correlationMap: the Hermite coefficients of ${typeof activation === "string" ? activation : activation.name} decay too slowly; give an activation without kinks and jumps, or a piecewise linear one`,
  );
}

function squares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}

/** Σ_k c_k x^k. */
function horner(coefficients: Float64Array, x: number): number {
  let sum = 0;
  for (let k = coefficients.length - 1; k >= 0; k--) sum = sum * x + coefficients[k]!;
  return sum;
}
