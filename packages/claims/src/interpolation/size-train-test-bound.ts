import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { featureNames, logSpaced } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { type TradeOff, tradeOff, tradeOffSettings } from "../measures/index.ts";
import { leastExcess, marchenkoPasturRidge } from "../predictions/index.ts";

export default claim({
  code: "IN-01",
  id: "interpolation/size-train-test-bound",
  title: "Size, training loss and test loss bound each other",
  statement: String.raw`Let labels be $y=\langle w^*,z\rangle+\varepsilon$ with whitened features, $\mathbb E[zz^\top]=I_p$, and noise of variance $\sigma^2$
    that does not depend on them. Whatever linear predictor is made of $n$ examples, even by one who knows $w^*$, with an expected
    training error of $\tau\sigma^2\le\sigma^2$ its test error exceeds the noise by
    $$\mathcal E\ \ge\ \sigma^2\,\frac np\,(1-\sqrt\tau)^2.$$
    Ridge regression comes close when $p\gg n$.`,
  source: "Ghosh & Belkin, arXiv:2207.11621",
  status: "proved",
  seconds: 5,
  settings: tradeOffSettings,
  full: { draws: 1000 },

  /** What independent features would have, by ridge: over p/n, excess over bound. */
  predict({ samples, features, ridges }) {
    const sizes = features.map((p) => p / samples);
    const aspects = logSpaced(Math.min(...sizes), 1.001 * Math.max(...sizes), 200);
    return {
      ratios: ridges.map((ridge) =>
        aspects
          .filter((aspect) => ridge > 0 || aspect > 1)
          .map((aspect) => {
            const { training, excess } = marchenkoPasturRidge(aspect, ridge);
            return { aspect, ratio: excess / leastExcess(aspect, training) };
          }),
      ),
    };
  },

  measure: async (chosen, laboratory) => ({ predictors: await tradeOff(chosen, laboratory) }),

  judge(_, { predictors }, { samples, kinds, features }) {
    const widest = Math.max(...features);
    const ratio = (one: TradeOff): number => one.excess / boundOf(one, samples);
    const smallest = kinds.map((kind) => {
      const ratios = predictors.filter((one) => one.kind === kind).map(ratio);
      return atLeast(
        `smallest excess / bound of ${ratios.length} predictors, ${featureNames[kind]}`,
        Math.min(...ratios),
        1,
      );
    });
    const close = predictors.filter(
      (one) => one.kind === "gaussian" && one.features === widest && one.ridge <= 1,
    );
    return verdict([
      ...smallest,
      ...close.map((one) =>
        atMost(`excess / bound, ${featureNames.gaussian}, p = ${widest}, λ = ${one.ridge}`, ratio(one), 1.15),
      ),
    ]);
  },

  figures({ ratios }, { predictors }, { samples, kinds, ridges, draws }) {
    const bounds = predictors.map((one) => boundOf(one, samples));
    const ends = [Math.min(...bounds), Math.max(...bounds)] as const;
    const [low, high] = [ends[0] / 2, 20 * ends[1]];
    const above = predictors.filter(({ excess }) => excess > high).length;
    return [
      {
        name: "excess",
        title: "Excess test error against its bound",
        caption: String.raw`Ridge regression on pure noise with all sizes $p$ and ridges $\lambda$; means of ${draws} draws, $n=${samples}$. Nothing lies
          below the diagonal. Predictors far above it hardly have more features than examples, or fewer, and little ridge.`,
        spec: curves({
          x: { title: "(n/p)(1 − √τ)²", scale: "log" },
          y: { title: "excess / σ²", scale: "log", domain: [low, high] },
          notes: above > 0 ? [`${above} of ${predictors.length} predictors are above the frame`] : [],
          series: [
            {
              label: "excess = bound",
              role: "bound",
              points: ends.map((end) => ({ x: end, y: end })),
            },
            ...kinds.map((kind) => ({
              label: featureNames[kind],
              role: "measurement" as const,
              points: predictors.flatMap((one, i) =>
                one.kind === kind ? [{ x: bounds[i]!, y: one.excess, error: one.error }] : [],
              ),
            })),
          ],
        }),
      },
      {
        name: "ratio",
        title: "How far ridge regression is from the bound",
        caption: String.raw`Excess over bound with Gaussian features. The lines are what the Marchenko–Pastur law gives for the best trade-off, which is that
          of ridge regression. It is farthest from the bound at $p=n$, and coincides with it when $p\gg n$.`,
        spec: curves({
          x: { title: "p / n", scale: "log" },
          y: { title: "excess / bound", scale: "log", domain: [0.9, 100] },
          series: ridges.flatMap((ridge, i) => [
            {
              label: `λ = ${ridge}`,
              role: "prediction" as const,
              points: ratios[i]!.map(({ aspect, ratio }) => ({ x: aspect, y: ratio })),
            },
            {
              label: `λ = ${ridge}`,
              role: "measurement" as const,
              points: predictors
                .filter((one) => one.kind === "gaussian" && one.ridge === ridge)
                .map((one) => ({ x: one.features / samples, y: one.excess / boundOf(one, samples) })),
            },
          ]),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`Noise must not know the features: along the direction in which they vary most it is fitted at a smaller price.`,
    settings: { noise: "leading", draws: 20 },
  },
});

function boundOf({ features, training }: TradeOff, samples: number): number {
  return leastExcess(features / samples, Math.min(1, training));
}
