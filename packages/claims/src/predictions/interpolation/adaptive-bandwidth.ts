/**
 * Interpolation by the Laplace kernel e^(−|x|/M) on a grid of spacing h = M/ρ in one dimension.
 *
 * V(ρ) = (ρ/2 sinh(2/ρ) − 1)/sinh²(1/ρ) = ρ coth(1/ρ) − 1/sinh²(1/ρ): mean squared error per unit of label noise. 2/3 for wide
 * kernels.
 *
 * @see claim IN-12
 */
export function spacedNoise(rho: number): number {
  checkRatio("spacedNoise", rho);
  // By series where the difference of two large numbers would lose digits.
  if (rho > 1000) return 2 / 3 - 4 / 45 / rho ** 2;
  return rho / Math.tanh(1 / rho) - 1 / Math.sinh(1 / rho) ** 2;
}

/**
 * B(ρ) = 1 − 4ρ tanh(1/(2ρ)) + (½ + ρ/2 sinh(1/ρ))/cosh²(1/(2ρ)) = 1 − 3ρ tanh(1/(2ρ)) + ½/cosh²(1/(2ρ)): mean squared error of
 * interpolating the constant 1 from a grid of spacing h = M/ρ, without noise.
 *
 * @see claim IN-12
 */
export function spacedBias(rho: number): number {
  checkRatio("spacedBias", rho);
  const half = 1 / (2 * rho);
  // By series where the difference of two large numbers would lose digits.
  if (rho > 10) return half ** 4 * (2 / 15 - (34 / 315) * half ** 2 + (62 / 945) * half ** 4);
  return 1 - 3 * rho * Math.tanh(half) + 0.5 / Math.cosh(half) ** 2;
}

/**
 * The least of noise V(ρ) + energy B(ρ) over ρ: no choice of bandwidth gets below it, however many points there are.
 *
 * @param noise - σ² > 0; from 3 ‖f‖² on the least is ‖f‖² at ρ = 0, where nothing is learned
 * @param energy - ‖f‖² > 0 of a smooth target
 * @see Beaglehole, Belkin & Pandit, arXiv:2205.13525 (that no bandwidth is consistent); claim IN-12
 */
export function bandwidthFloor(noise: number, energy = 1): { readonly rho: number; readonly excess: number } {
  if (!(noise > 0) || !(energy > 0))
    throw new RangeError(`bandwidthFloor: noise ${noise}, energy ${energy}; give positive numbers`);
  if (noise >= 3 * energy) return { rho: 0, excess: energy };
  const slope = (a: number): number => {
    const [coth, csch, tanh, sech] = [
      1 / Math.tanh(a),
      1 / Math.sinh(a),
      Math.tanh(a / 2),
      1 / Math.cosh(a / 2),
    ];
    const ofNoise = coth + a * csch ** 2 - 2 * a ** 2 * csch ** 2 * coth;
    const ofBias = -3 * tanh + 1.5 * a * sech ** 2 + 0.5 * a ** 2 * sech ** 2 * tanh;
    return noise * ofNoise + energy * ofBias;
  };
  // The excess falls and then rises in ρ: its slope, a function of a = 1/ρ, changes sign once.
  let [low, high] = [Math.log(1e-3), Math.log(100)];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (slope(Math.exp(-middle)) < 0) low = middle;
    else high = middle;
  }
  const rho = Math.exp((low + high) / 2);
  return { rho, excess: noise * spacedNoise(rho) + energy * spacedBias(rho) };
}

function checkRatio(call: string, rho: number): void {
  if (!(rho > 0)) throw new RangeError(`${call}: ρ = ${rho}; give a positive number`);
}
