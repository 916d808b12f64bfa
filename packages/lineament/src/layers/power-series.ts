// Power series Σ_k f_k t^k as arrays of coefficients, cut after `degree`. Taylor coefficients of activations are made of these.

/** Σ_{i=from}^{to} f_i g_{k−i}: what is known of coefficient k of a product. */
export function convolution(f: Float64Array, g: Float64Array, k: number, from = 0, to = k): number {
  let sum = 0;
  for (let i = from; i <= to; i++) sum += f[i]! * g[k - i]!;
  return sum;
}

/** f ← (x + t) f. */
export function timesArgument(f: Float64Array, x: number, degree: number): void {
  for (let k = degree; k > 0; k--) f[k] = x * f[k]! + f[k - 1]!;
  f[0] = x * f[0]!;
}

/** f ← constant + ∫₀ᵗ f. */
export function integral(f: Float64Array, constant: number, degree: number): void {
  for (let k = degree; k > 0; k--) f[k] = f[k - 1]! / k;
  f[0] = constant;
}

/** f ← amplitude · exp(rate ((x + t)² − x²)), from f′ = 2 rate (x + t) f. */
export function gaussianSeries(
  f: Float64Array,
  amplitude: number,
  rate: number,
  x: number,
  degree: number,
): void {
  f[0] = amplitude;
  for (let k = 0; k < degree; k++) f[k + 1] = (2 * rate * (x * f[k]! + (k > 0 ? f[k - 1]! : 0))) / (k + 1);
}
