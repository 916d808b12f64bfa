/**
 * Accuracy of one who goes by a coordinate that agrees with the label with probability (1 + ρ)/2, where the correlation ρ at test time
 * may differ from that in training.
 */
export function spuriousAccuracy(rho: number): number {
  return (1 + rho) / 2;
}
