import { random } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { featureKinds, logSpaced, whitenedFeatures } from "../data/index.ts";
import { panels } from "../figures/index.ts";
import { type FitToNoise, ridgeOnNoise, sampleModes } from "../measures/index.ts";
import { leastExcess, marchenkoPasturRidge } from "../predictions/index.ts";

const settings = z.object({
  samples: z.int().min(20).max(2000).default(400).describe("n, examples"),
  aspects: z
    .array(z.number().min(0.05).max(50))
    .min(1)
    .max(12)
    .default([0.2, 0.5, 0.9, 1.1, 1.5, 2, 5, 20])
    .describe("γ = p/n, features per example"),
  ridges: z
    .array(z.number().min(0).max(1000))
    .min(1)
    .max(10)
    .default([0, 0.01, 0.1, 1, 10])
    .describe("λ, added to Z Zᵀ/n; 0 only where γ > 1"),
  kind: z
    .enum(featureKinds)
    .default("gaussian")
    .describe("features: independent and Gaussian or of Student's t, or cosines of one variable"),
  draws: z.int().min(1).max(1000).default(12).describe("sets of features for each γ"),
  seed: z.int().min(0).default(0).describe("seed of the features"),
});

export default claim({
  code: "IN-03",
  id: "interpolation/marchenko-pastur-frontier",
  title: "The Marchenko–Pastur law gives the best trade-off",
  statement: String.raw`Fit noise of variance $\sigma^2$ by ridge regression with $p$ independent standardized features on $n$ examples, ridge $\lambda$ on
    $ZZ^\top/n$. With $\gamma=p/n$ and the positive root $v$ of $\lambda v^2+(\lambda+\gamma-1)v-1=0$, training error and excess tend to
    $$\tau=\lambda^2D,\qquad\mathcal E/\sigma^2=v-\lambda D,\qquad D=\Big(\frac1{v^2}-\frac\gamma{(1+v)^2}\Big)^{-1}.$$
    No predictor has a smaller excess at the same training error: the path over $\lambda$ is the frontier. Interpolation ($\lambda=0$,
    $\gamma>1$) costs $1/(\gamma-1)$, $\gamma/(\gamma-1)$ times what the universal bound asks.`,
  source: "Marchenko & Pastur 1967; Ghosh & Belkin, arXiv:2207.11621",
  status: "proved",
  seconds: 6,
  settings,
  full: { samples: 800, draws: 20 },

  predict: ({ aspects, ridges }) => ({
    fits: aspects.map((aspect) =>
      usedRidges(ridges, aspect).map((ridge) => marchenkoPasturRidge(aspect, ridge)),
    ),
    frontiers: aspects.map((aspect) =>
      logSpaced(1e-4, 1e3, 100).map((ridge) => {
        const { training, excess } = marchenkoPasturRidge(aspect, ridge);
        return { training, excess, bound: leastExcess(aspect, training) };
      }),
    ),
  }),

  async measure({ samples, aspects, ridges, kind, draws, seed }, { engine, signal, progress }) {
    const generator = random(seed);
    // Each mode has energy 1 in the mean over noise, which need not be drawn.
    const energies = new Float64Array(samples).fill(1);
    const fits: FitToNoise[][] = [];
    for (const aspect of aspects) {
      const used = usedRidges(ridges, aspect);
      const sums = used.map(() => ({ training: 0, excess: 0 }));
      for (let draw = 0; draw < draws; draw++) {
        signal.throwIfAborted();
        const z = whitenedFeatures(kind, samples, Math.round(aspect * samples), generator);
        const modes = await sampleModes(engine, z);
        used.forEach((ridge, i) => {
          const { training, excess } = ridgeOnNoise(modes, energies, ridge);
          sums[i]!.training += training / draws;
          sums[i]!.excess += excess / draws;
        });
      }
      fits.push(sums);
      progress(fits.length / aspects.length, `γ = ${aspect}`);
    }
    return { fits };
  },

  judge: ({ fits: predicted }, { fits }, { aspects }) =>
    verdict(
      aspects.flatMap((aspect, at) => {
        // Near γ = 1 the smallest eigenvalue decides, and small samples differ most from the limit.
        const limit = Math.abs(aspect - 1) < 0.11 ? 0.1 : 0.03;
        return (["training", "excess"] as const).map((error) =>
          atMost(
            `largest relative error of ${error === "training" ? "τ" : "the excess"}, γ = ${aspect}`,
            Math.max(...fits[at]!.map((fit, i) => relativeError(fit[error], predicted[at]![i]![error]))),
            limit,
          ),
        );
      }),
    ),

  figures: ({ frontiers }, { fits }, { samples, aspects, draws }) => [
    {
      name: "frontiers",
      title: "Training error against excess, by the number of features",
      caption: String.raw`Ridge regression on noise, $n=${samples}$, means of ${draws} draws, and its limit; dashed, the bound that holds for all features. They differ most
        near $\gamma=1$, and merge where there are many more features than examples.`,
      spec: panels({
        columns: Math.min(4, aspects.length),
        panels: aspects.map((aspect, at) => ({
          title: `γ = ${aspect}`,
          x: { title: "τ, training error / σ²", domain: [0, 1] },
          y: { title: "excess / σ²", scale: "log", domain: [1e-3, 20] },
          series: [
            {
              label: "frontier (limit)",
              role: "prediction" as const,
              points: frontiers[at]!.map(({ training, excess }) => ({ x: training, y: excess })),
            },
            {
              label: "universal bound",
              role: "bound" as const,
              points: frontiers[at]!.map(({ training, bound }) => ({ x: training, y: bound })),
            },
            {
              label: "ridge regression",
              role: "measurement" as const,
              points: fits[at]!.map(({ training, excess }) => ({ x: training, y: excess })),
            },
          ],
        })),
      }),
    },
  ],

  contrast: {
    statement: String.raw`Cosines of one variable are orthonormal too, but not independent: their eigenvalues do not follow the law.`,
    settings: { kind: "cosine", samples: 150, draws: 4 },
  },
});

/** Without ridge ZZᵀ must be invertible. */
function usedRidges(ridges: readonly number[], aspect: number): number[] {
  return ridges.filter((ridge) => ridge > 0 || aspect > 1);
}

function relativeError(measured: number, expected: number): number {
  return measured === expected ? 0 : Math.abs(measured / expected - 1);
}
