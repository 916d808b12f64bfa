import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import { concrete, standardized } from "../data/index.ts";
import { bars, curves } from "../figures/index.ts";
import { coordinateEnergy, featureIterations, mean, meanSquaredError } from "../measures/index.ts";

const power = z.number().min(0.1).max(2);

const settings = z.object({
  fast: power.default(1).describe("the power s of the AGOP that selects and then collapses"),
  slow: power.default(0.5).describe("the power s that selects slowly"),
  bandwidth: z.number().min(0.5).max(100).default(10).describe("L of the Laplace kernel"),
  ridge: z.number().min(1e-6).max(10).default(1e-3).describe("λ in K + λI"),
  iterations: z.int().min(3).max(30).default(5).describe("metric updates T"),
  normalization: z
    .enum(["maximum", "trace", "none"])
    .default("maximum")
    .describe("scale of M: largest entry 1, trace d, or as the power of the AGOP comes"),
});

export default claim({
  code: "FL-05",
  id: "features/powers-and-collapse",
  title: "The power of the AGOP decides between selection and collapse",
  statement: String.raw`A recursive feature machine may take $M\leftarrow G^s$ for its average gradient outer product $G$. On the strength of concrete, $s=1$ lets strong
    features get stronger: the test error has its minimum after one or two updates and rises afterwards, while nearly all of the metric
    goes to one column. With $s=\frac12$ the loop is damped, and the error falls and stays. So the number of updates has to be
    chosen on validation rows, and the power has to be offered.`,
  source:
    "Radhakrishnan et al., arXiv:2212.13881 (s = 1); Beaglehole et al., arXiv:2508.10053 (powers); I-C. Yeh 1998 (table)",
  status: "checked",
  seconds: 1,
  settings,
  full: { iterations: 15 },

  predict: () => ({
    /** The latest minimum of a loop that collapses, in updates. */
    latestMinimum: 2,
    /** How far above its minimum a damped loop ends. */
    excess: 0.02,
  }),

  async measure({ fast, slow, bandwidth, ridge, iterations, normalization }, { engine, signal, progress }) {
    const { columns, train, test } = await concrete();
    const [x, unseen] = standardized(train.x, test.x);
    const center = mean(train.y.data);
    const y = { ...train.y, data: train.y.data.map((value) => value - center) };
    const runs = [];
    for (const [at, s] of [fast, slow].entries()) {
      progress(at / 2, `s = ${s}`);
      const iterates = await featureIterations(engine, {
        x: x!,
        y,
        unseen: unseen!,
        kernel: { family: "laplace", bandwidth, exponent: 1 },
        ridge,
        iterations,
        normalization,
        power: s / 2,
        signal,
      });
      runs.push({
        errors: iterates.map(({ values }) =>
          Math.sqrt(
            meanSquaredError(
              values.data.map((value) => value + center),
              test.y.data,
            ),
          ),
        ),
        shares: columns.map((_, k) => coordinateEnergy(iterates.at(-1)!.metric, [k])),
      });
    }
    return { columns, fast: runs[0]!, slow: runs[1]! };
  },

  judge({ latestMinimum, excess }, { fast, slow }, chosen) {
    const least = Math.min(...fast.errors);
    const name = (s: number, what: string): string => `s = ${s}: ${what}`;
    return verdict([
      atMost(
        name(chosen.slow, "RMSE at the end / RMSE before any update"),
        slow.errors.at(-1)! / slow.errors[0]!,
        1 - 1e-9,
      ),
      atMost(
        name(chosen.slow, "RMSE at the end / its minimum"),
        slow.errors.at(-1)! / Math.min(...slow.errors),
        1 + excess,
      ),
      within(name(chosen.fast, "updates at the minimum"), fast.errors.indexOf(least), 1, latestMinimum),
      atMost(name(chosen.fast, "minimum / RMSE at the end"), least / fast.errors.at(-1)!, 1 - 1e-9),
    ]);
  },

  figures(_, { columns, fast, slow }, chosen) {
    const runs = [
      { label: `s = ${chosen.fast}`, ...fast },
      { label: `s = ${chosen.slow}`, ...slow },
    ];
    return [
      {
        name: "error",
        title: "Test error of concrete strength against metric updates",
        caption: String.raw`Root mean square error on 276 test rows; Laplace kernel, $L=${chosen.bandwidth}$, $\lambda=${chosen.ridge}$, standardized columns. Before any update
          both are the plain kernel machine. With $s=${chosen.fast}$ the first update helps, and those that follow undo it.`,
        spec: curves({
          x: { title: "metric updates t" },
          y: { title: "RMSE (MPa)" },
          series: runs.map(({ label, errors }) => ({
            label,
            role: "measurement" as const,
            points: errors.map((y, x) => ({ x, y })),
          })),
        }),
      },
      {
        name: "shares",
        title: `What the metric sees after ${chosen.iterations} updates`,
        caption: String.raw`Shares $M_{kk}/\mathrm{tr}\,M$ of the columns. With $s=${chosen.fast}$ age takes nearly all; the machine goes nearly blind to what the concrete is made
          of.`,
        spec: bars({
          x: { title: "column", categories: columns },
          y: { title: "share of the trace", domain: [0, 1] },
          series: runs.map(({ label, shares }) => ({ label, role: "measurement" as const, values: shares })),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With $s=\frac14$ in the place of 1 nothing collapses: the error keeps falling, and its minimum is not early.`,
    settings: { fast: 0.25 },
  },
});
