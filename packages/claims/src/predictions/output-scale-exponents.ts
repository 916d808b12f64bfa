/** Powers of the output scale α, largest values along training. */
export interface OutputScaleExponents {
  /** |α f − α f^lin|. */
  readonly gap: number;
  /** ‖θ − θ_0‖. */
  readonly movement: number;
  /** ‖θ − θ̃‖, θ̃ the parameters of the linearized model. */
  readonly parameterGap: number;
}

/**
 * How training of α f_θ with f_{θ_0} = 0 depends on α for a fixed network and targets. The gap of the outputs is 1/α in general
 * (centered: f_θ − f_{θ_0}). A symmetrized start cancels the quadratic term of f: paired neurons move in mirrored ways.
 *
 * @see Chizat, Oyallon & Bach, arXiv:1812.07956, §2; claim LZ-15
 */
export function outputScaleExponents(start: "centered" | "symmetrized"): OutputScaleExponents {
  return { gap: start === "centered" ? -1 : -2, movement: -1, parameterGap: -2 };
}
