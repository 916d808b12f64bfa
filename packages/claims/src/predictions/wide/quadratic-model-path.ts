/** One example under gradient descent of a two-layer ReLU network whose gates are frozen. */
export interface QuadraticModelState {
  /** Output. */
  readonly g: number;
  /** Tangent kernel at the example. */
  readonly lambda: number;
}

/** What does not change on the way. */
export interface QuadraticModelDescent {
  /** Target. */
  readonly y: number;
  /** Step of gradient descent on ½ (g − y)². */
  readonly eta: number;
  /** ‖x‖²/d. */
  readonly c: number;
  /** Width m: neurons, active ones and others. */
  readonly width: number;
}

/**
 * The output g and the tangent kernel λ of g = (1/√m) Σ_active v_i ⟨u_i, x⟩/√d after 0, 1, … steps of gradient descent, by the
 * recursion in which they close: with e = g − y
 *
 *     g′ = y + e (1 − ηλ + η² (c/m) e g),   λ′ = λ − 4η (c/m) e g + η² (c/m) e² λ.
 *
 * Ends early when a number is no longer finite.
 *
 * @returns steps + 1 states or fewer
 * @see Zhu, Liu, Radhakrishnan & Belkin, arXiv:2205.11787
 */
export function quadraticModelPath(
  start: QuadraticModelState,
  { y, eta, c, width }: QuadraticModelDescent,
  steps: number,
): QuadraticModelState[] {
  const states = [start];
  while (states.length <= steps) {
    const { g, lambda } = states.at(-1)!;
    const e = g - y;
    const coupling = (c / width) * e * g;
    const next = {
      g: y + e * (1 - eta * lambda + eta ** 2 * coupling),
      lambda: lambda - 4 * eta * coupling + eta ** 2 * (c / width) * e ** 2 * lambda,
    };
    if (!(Number.isFinite(next.g) && Number.isFinite(next.lambda))) break;
    states.push(next);
  }
  return states;
}
