/**
 * 2√q + q: the largest eigenvalue of (1/p) Z Zᵀ − I for an n × p matrix Z of independent standardized entries with q = n/p, as
 * n, p → ∞. As if whitened features were independent, ‖K^{−1/2} K_N K^{−1/2} − I‖ is about this with q = n/N for random
 * features and q = (n + d)/(N d) for tangent features.
 *
 * @see Marchenko & Pastur 1967; claim LZ-06
 */
export function marchenkoPasturEdge(q: number): number {
  if (!(q >= 0)) throw new RangeError(`marchenkoPasturEdge: ratio ${q}; give a number, 0 or more`);
  return 2 * Math.sqrt(q) + q;
}
