import { clip, geometricMean } from "../correlation.ts";
import type { Nonlinearity } from "../nonlinearity.ts";
import { kernelAlone } from "./kernel-alone.ts";

/** The kernel √(ab) e^(γ(ρ + δ)), which no activation function has. */
export function expNormalized(gamma: number, delta: number): Nonlinearity {
  const profile = (r: number, c: number): number =>
    Math.exp(gamma * ((r === 0 ? 0 : clip(c, r) / r) + delta));
  const onDiagonal = Math.exp(gamma * (1 + delta));
  return kernelAlone("exp-normalized", {
    value(a, b, c) {
      const r = geometricMean(a, b);
      return r * profile(r, c);
    },
    slope: (a, b, c) => gamma * profile(geometricMean(a, b), c),
    variance: (a) => a * onDiagonal,
    slopeVariance: () => gamma * onDiagonal,
  });
}
