/**
 * Σ out²/parameters: the relative growth of a network when each of its dense layers becomes a product of two with as many hidden
 * neurons as it has outputs.
 *
 * @param parameters - of the whole network before
 * @param outputs - of each dense layer
 * @see Arora, Cohen & Hazan, arXiv:1802.06509; claim LN-24
 */
export function addedParameterShare(parameters: number, outputs: readonly number[]): number {
  return outputs.reduce((sum, out) => sum + out ** 2, 0) / parameters;
}
