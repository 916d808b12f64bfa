import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { featureNames, logSpaced } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { type TradeOff, tradeOff, tradeOffSettings } from "../measures/index.ts";
import { frontierTraining, leastTraining } from "../predictions/index.ts";

/** Levels ε of excess/σ² that are drawn, and the one of which the verdict speaks in words. */
const levels = [0.03, 0.1, 0.3, 1] as const;
const good = 0.1;

const settings = tradeOffSettings.extend({
  features: tradeOffSettings.shape.features.default([20, 35, 60, 90, 120, 200, 600, 1200]),
  ridges: tradeOffSettings.shape.ridges.default([0, 0.1, 0.3, 1, 3, 10]),
  draws: tradeOffSettings.shape.draws.default(50),
});

export default claim({
  code: "IN-02",
  id: "interpolation/classical-or-modern",
  title: "Who predicts well is classical or modern",
  statement: String.raw`In the setting of the bound between size, training loss and test loss, an excess of at most $\epsilon\sigma^2$ forces
    $$\sqrt\tau\ge1-\sqrt{\epsilon p/n}\qquad\text{or, said of the size,}\qquad\frac pn\ge\frac{(1-\sqrt\tau)^2}\epsilon.$$
    Either the training error stays near the noise (classical), or there are many times the features that interpolation needs (modern,
    $p\ge n/\epsilon$ to fit the labels). Between them, with about $p=n$, no predictor that fits the noise is good.`,
  source: "Ghosh & Belkin, arXiv:2207.11621",
  status: "proved",
  seconds: 4,
  settings,
  full: { draws: 300 },

  /** By level: over p/n, the least τ by the bound and by the Marchenko–Pastur law. */
  predict({ samples, features }) {
    const sizes = features.map((p) => p / samples);
    const aspects = logSpaced(0.8 * Math.min(...sizes), 1.25 * Math.max(...sizes), 150);
    return {
      boundaries: levels.map((excess) =>
        aspects.map((aspect) => ({
          aspect,
          bound: leastTraining(aspect, excess),
          frontier: frontierTraining(aspect, excess),
        })),
      ),
    };
  },

  measure: async (chosen, laboratory) => ({ predictors: await tradeOff(chosen, laboratory) }),

  judge(_, { predictors }, { samples, kinds }) {
    const aspect = ({ features }: TradeOff): number => features / samples;
    const best = predictors.filter(({ excess }) => excess <= good);
    const classical = best.filter((one) => aspect(one) <= 1);
    const modern = best.filter(({ training }) => training <= 0.1);
    return verdict([
      ...kinds.map((kind) => {
        const own = predictors.filter((one) => one.kind === kind);
        const forbidden = own.filter((one) => one.training < leastTraining(aspect(one), one.excess));
        return atMost(
          `predictors of ${own.length} where their excess is forbidden, ${featureNames[kind]}`,
          forbidden.length,
          0,
        );
      }),
      atLeast(
        `smallest τ of ${classical.length} predictors with p ≤ n and an excess of at most ${good} σ²`,
        Math.min(...classical.map(({ training }) => training)),
        leastTraining(1, good),
      ),
      atLeast(
        `smallest p/n of ${modern.length} predictors with τ ≤ 0.1 and an excess of at most ${good} σ²`,
        Math.min(...modern.map(aspect)),
        (1 - Math.sqrt(0.1)) ** 2 / good,
      ),
    ]);
  },

  figures: ({ boundaries }, { predictors }, { samples, draws }) => [
    {
      name: "plane",
      title: "Size and training error of good predictors",
      caption: String.raw`Ridge regression on noise with three kinds of features, $n=${samples}$, means of ${draws} draws, colored by excess (above $\sigma^2$: not shown). Below the
        dashed line of its color a predictor with that excess cannot be; below the solid one none with independent features, as
        $n\to\infty$. Good predictors are above on the left, or far to the right.`,
      spec: curves({
        x: { title: "p / n", scale: "log" },
        y: { title: "τ, training error / σ²", domain: [-0.02, 1] },
        series: levels.flatMap((level, i) => {
          const label = `excess ≤ ${level} σ²`;
          return [
            {
              label,
              role: "bound" as const,
              points: boundaries[i]!.map(({ aspect, bound }) => ({ x: aspect, y: bound })),
            },
            {
              label,
              role: "prediction" as const,
              points: boundaries[i]!.map(({ aspect, frontier }) => ({ x: aspect, y: frontier })),
            },
            {
              label,
              role: "measurement" as const,
              points: predictors
                .filter(({ excess }) => excess <= level && excess > (levels[i - 1] ?? 0))
                .map(({ features, training }) => ({ x: features / samples, y: training })),
            },
          ];
        }),
      }),
    },
  ],

  contrast: {
    statement: String.raw`Noise that lies along the direction in which the features vary most is fitted, and predicted, with few of them.`,
    settings: { noise: "leading", draws: 10 },
  },
});
