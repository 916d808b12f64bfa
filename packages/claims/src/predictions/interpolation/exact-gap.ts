const bits = 400n;
const one = 1n << bits;

/**
 * u_L = 1 − φ̌^∘L(1 − u₀) for φ̌(ξ) = Σ_k p_k ξ^k, in fixed-point arithmetic of 400 bits, rounded to a double at the end: what all
 * formulas in floating point are held against.
 *
 * @param powers - p₀, p₁, …, taken as the doubles that they are
 * @param gap - u₀ in [2⁻¹⁰⁰, 1]
 * @see claim IN-14
 */
export function exactGap(powers: readonly number[], gap: number, layers: number): number {
  const p = powers.map(fixed);
  let xi = one - fixed(gap);
  for (let layer = 0; layer < layers; layer++)
    xi = p.reduceRight((sum, coefficient) => ((sum * xi) >> bits) + coefficient, 0n);
  return Number(one - xi) / 2 ** Number(bits);
}

/** A double of at least 2⁻¹⁵² as 2⁴⁰⁰ times it, exactly. */
function fixed(value: number): bigint {
  return BigInt(value * 2 ** 204) << (bits - 204n);
}
