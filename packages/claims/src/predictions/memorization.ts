/**
 * max(0, 1 − p/n): the mean squared training error of least squares with p generic features on n labels that do not depend on
 * the inputs, as a fraction of their variance. A tangent model of N neurons in d dimensions has p = N d, a random-feature
 * model p = N.
 *
 * @see claim LZ-07
 */
export function memorizationError(features: number, n: number): number {
  return Math.max(0, 1 - features / n);
}
