import { random } from "lineament";
import { z } from "zod";
import type { Laboratory } from "../claim.ts";
import { type FeatureKind, featureKinds, gaussianVector, whitenedFeatures } from "../data/index.ts";
import { type FitToNoise, ridgeOnNoise } from "./ridge-on-noise.ts";
import { modeCoordinates, sampleModes } from "./sample-modes.ts";
import { mean, standardDeviation } from "./statistics.ts";

/** The settings of `tradeOff`, for claims to extend. */
export const tradeOffSettings = z.object({
  samples: z.int().min(10).max(1000).default(60).describe("n, examples"),
  features: z
    .array(z.int().min(1).max(10_000))
    .min(1)
    .max(12)
    .default([20, 60, 120, 600])
    .describe("p, numbers of features"),
  ridges: z
    .array(z.number().min(0).max(1000))
    .min(1)
    .max(10)
    .default([0, 0.05, 0.3, 1, 10])
    .describe("λ, added to Z Zᵀ/n; 0 only where p ≥ n"),
  kinds: z
    .array(z.enum(featureKinds))
    .min(1)
    .default([...featureKinds])
    .describe("distributions of the features, all with E[z zᵀ] = I"),
  noise: z
    .enum(["independent", "leading"])
    .default("independent")
    .describe("of the features, or along the direction in which they vary most"),
  draws: z.int().min(2).max(2000).default(200).describe("data sets for each number of features"),
  seed: z.int().min(0).default(0).describe("seed of features and noise"),
});

/** Means over draws for one predictor, in units of the noise's variance. */
export interface TradeOff extends FitToNoise {
  readonly kind: FeatureKind;
  readonly features: number;
  readonly ridge: number;
  /** Standard error of `excess`. */
  readonly error: number;
}

/**
 * Fits ridge regression to noise alone (w* = 0) with several kinds and numbers of features. Each noise has mean square 1 exactly:
 * otherwise, where the training error is nearly that of noise, chance in its size would hide the excess.
 */
export async function tradeOff(
  chosen: z.output<typeof tradeOffSettings>,
  { engine, signal, progress }: Laboratory,
): Promise<TradeOff[]> {
  const { samples: n, features, ridges, kinds, noise, draws, seed } = chosen;
  const generator = random(seed);
  const cells = kinds.flatMap((kind) => features.map((p) => ({ kind, p })));
  const results: TradeOff[] = [];
  for (const [at, { kind, p }] of cells.entries()) {
    const used = ridges.filter((ridge) => ridge > 0 || p >= n);
    const fits: FitToNoise[][] = used.map(() => []);
    for (let draw = 0; draw < draws; draw++) {
      signal.throwIfAborted();
      const modes = await sampleModes(engine, whitenedFeatures(kind, n, p, generator));
      const energies =
        noise === "independent"
          ? modeCoordinates(modes, unitNoise(gaussianVector(n, generator))).map((value) => value ** 2)
          : Array.from({ length: n }, (_, i) => (i === n - 1 ? n : 0));
      used.forEach((ridge, i) => fits[i]!.push(ridgeOnNoise(modes, energies, ridge)));
    }
    used.forEach((ridge, i) => {
      const excesses = fits[i]!.map(({ excess }) => excess);
      results.push({
        kind,
        features: p,
        ridge,
        training: mean(fits[i]!.map(({ training }) => training)),
        excess: mean(excesses),
        error: standardDeviation(excesses) / Math.sqrt(draws),
      });
    });
    progress((at + 1) / cells.length, `${kind}, p = ${p}`);
  }
  return results;
}

function unitNoise(noise: Float64Array): Float64Array {
  const size = Math.hypot(...noise) / Math.sqrt(noise.length);
  return noise.map((value) => value / size);
}
