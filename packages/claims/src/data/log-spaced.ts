/** `count` places from low to high at equal ratios: where smooth lines of power laws are evaluated. */
export function logSpaced(low: number, high: number, count: number): number[] {
  if (!(low > 0 && high >= low) || count < 2)
    throw new RangeError(
      `logSpaced: ${count} places in [${low}, ${high}]; give 0 < low ≤ high and 2 places or more`,
    );
  return Array.from({ length: count }, (_, i) => low * (high / low) ** (i / (count - 1)));
}
