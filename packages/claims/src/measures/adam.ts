/** Rates of Adam. */
export interface AdamOptions {
  /** η. Default 10⁻³. */
  readonly rate?: number;
  /** β₁, of the mean of gradients. Default 0.9. */
  readonly meanDecay?: number;
  /** β₂, of the mean of their squares. Default 0.999. */
  readonly squareDecay?: number;
  /** ε. Default 10⁻⁸. */
  readonly epsilon?: number;
}

/**
 * Adam: θ ← θ − η m̂/(√v̂ + ε) with running means m̂ of the gradients and v̂ of their squares, freed of the bias of their start at 0.
 * The function it gives takes one step in place.
 *
 * @param parameters - length of θ
 * @see Kingma & Ba, arXiv:1412.6980, Algorithm 1
 */
export function adam(
  parameters: number,
  { rate = 1e-3, meanDecay = 0.9, squareDecay = 0.999, epsilon = 1e-8 }: AdamOptions = {},
): (theta: Float64Array, gradient: Float64Array) => void {
  const means = new Float64Array(parameters);
  const squares = new Float64Array(parameters);
  let steps = 0;
  return (theta, gradient) => {
    steps++;
    const meanSum = 1 - meanDecay ** steps;
    const squareSum = 1 - squareDecay ** steps;
    for (let k = 0; k < parameters; k++) {
      const slope = gradient[k]!;
      means[k] = meanDecay * means[k]! + (1 - meanDecay) * slope;
      squares[k] = squareDecay * squares[k]! + (1 - squareDecay) * slope * slope;
      theta[k]! -= (rate * means[k]!) / meanSum / (Math.sqrt(squares[k]! / squareSum) + epsilon);
    }
  };
}
