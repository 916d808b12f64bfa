/**
 * P(u_1 > ρ/2) for u uniform on the unit sphere in d dimensions: the probability that a start ρ u of a network with one output is
 * closer than 0 is to a target of norm 1, so that its deficiency margin is positive. Tends to 1/2 as ρ → 0.
 *
 * With sin θ = ρ/2 it is ∫_θ^{π/2} cos^m / ∫_{−π/2}^{π/2} cos^m at m = d − 2, from m − 2 to m by parts.
 *
 * @param d - 2 or more
 * @param radius - ρ ≥ 0
 * @see Arora, Cohen, Golowich & Hu, arXiv:1810.02281; claim LN-09
 */
export function marginProbability(d: number, radius: number): number {
  if (!Number.isInteger(d) || d < 2 || !(radius >= 0))
    throw new RangeError(
      `marginProbability: d = ${d}, radius ${radius}; give a dimension of 2 or more and a radius of 0 or more`,
    );
  const sine = Math.min(1, radius / 2);
  const cosine = Math.sqrt((1 - sine) * (1 + sine));
  let m = d % 2;
  let whole = m === 0 ? Math.PI : 2;
  let probability = m === 0 ? Math.acos(sine) / Math.PI : (1 - sine) / 2;
  while (m < d - 2) {
    m += 2;
    whole *= (m - 1) / m;
    probability -= (sine * cosine ** (m - 1)) / (m * whole);
  }
  return Math.max(0, probability);
}
