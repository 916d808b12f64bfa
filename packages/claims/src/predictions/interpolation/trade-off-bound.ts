/**
 * (1 − √τ)²/γ: the least expected excess (test error over the noise, in units of its variance σ²) of any linear predictor with
 * whitened features, E[z zᵀ] = I, and noise that does not depend on them. It is reached as γ → ∞.
 *
 * @param aspect - γ = p/n > 0, features a sample
 * @param training - τ in [0, 1], the expected training error in units of σ²
 * @see arXiv:2207.11621; claim IN-01
 */
export function leastExcess(aspect: number, training: number): number {
  check("leastExcess", aspect, "training", training);
  if (training > 1)
    throw new RangeError(`leastExcess: training ${training}; give τ in [0, 1], in units of the noise`);
  return (1 - Math.sqrt(training)) ** 2 / aspect;
}

/**
 * max(0, 1 − √(γ ε))²: the least training error τ, in units of σ², with which an excess of ε σ² is compatible; the inverse of
 * `leastExcess`. It is positive below p/n = 1/ε: there, whoever predicts well must not fit the noise.
 *
 * @param aspect - γ = p/n > 0, features a sample
 * @param excess - ε ≥ 0
 * @see arXiv:2207.11621; claim IN-02
 */
export function leastTraining(aspect: number, excess: number): number {
  check("leastTraining", aspect, "excess", excess);
  return Math.max(0, 1 - Math.sqrt(aspect * excess)) ** 2;
}

function check(call: string, aspect: number, name: string, value: number): void {
  if (!(aspect > 0 && value >= 0))
    throw new RangeError(`${call}: aspect ${aspect}, ${name} ${value}; give γ > 0 and a number of 0 or more`);
}
