/** The constants of a model at its start. */
export interface LazyConstants {
  /** Smallest and largest singular value of the Jacobian J_0 on the training inputs. */
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** ‖J_θ − J_θ'‖ ≤ β ‖θ − θ'‖. */
  readonly beta: number;
  /** ½ ‖γ f_{θ_0} − y‖². */
  readonly startLoss: number;
  /** Output scale. */
  readonly gamma: number;
}

/** What the lazy theorem says. */
export interface LazyBounds {
  /** √288 β σ_max √L_0 / σ_min³: the theorem's least γ. */
  readonly leastGamma: number;
  /** γ σ_min³ / (β σ_max √L_0), which must be at least √288 ≈ 16.97. */
  readonly ratio: number;
  /** γ ≥ leastGamma. */
  readonly applies: boolean;
  /** 3 √8 σ_max √L_0 / (γ σ_min²): neither model's parameters move farther. */
  readonly radius: number;
  /** L_0 e^{−γ² σ_min² t/2}: above the loss of the network and of its linearization. */
  readonly loss: (t: number) => number;
  /** L_0 e^{−2 γ² σ_min² t}: above the loss of the linearization. */
  readonly linearizedLoss: (t: number) => number;
}

/**
 * Training with a large output scale stays near its linearization, with explicit constants, for gradient flow on
 * ½ ‖γ f_θ − y‖².
 *
 * @see Chizat, Oyallon & Bach, arXiv:1812.07956; constants as in claim LZ-18
 */
export function lazyTheorem({ sigmaMin, sigmaMax, beta, startLoss, gamma }: LazyConstants): LazyBounds {
  if (!(sigmaMin > 0 && sigmaMax >= sigmaMin && beta >= 0 && startLoss >= 0 && gamma > 0))
    throw new RangeError(
      `lazyTheorem: σ_min = ${sigmaMin}, σ_max = ${sigmaMax}, β = ${beta}, L_0 = ${startLoss}, γ = ${gamma}; give 0 < σ_min ≤ σ_max, γ > 0 and no negative numbers`,
    );
  const root = Math.sqrt(startLoss);
  const leastGamma = (Math.sqrt(288) * beta * sigmaMax * root) / sigmaMin ** 3;
  const rate = gamma ** 2 * sigmaMin ** 2;
  return {
    leastGamma,
    ratio: (gamma * sigmaMin ** 3) / (beta * sigmaMax * root),
    applies: gamma >= leastGamma,
    radius: (3 * Math.sqrt(8) * sigmaMax * root) / (gamma * sigmaMin ** 2),
    loss: (t) => startLoss * Math.exp((-rate * t) / 2),
    linearizedLoss: (t) => startLoss * Math.exp(-2 * rate * t),
  };
}
