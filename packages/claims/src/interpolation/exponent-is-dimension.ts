import { breather, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { circleLabels } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { hilbertVotes, mean, nearestNeighbors, signAgreement, standardDeviation } from "../measures/index.ts";

const settings = z.object({
  sizes: z
    .array(z.int().min(10).max(100_000))
    .min(2)
    .max(8)
    .default([200, 1000, 5000])
    .describe("training points n, ascending"),
  flip: z.number().min(0).max(0.5).default(0.2).describe("probability with which a label is flipped"),
  testPoints: z.int().min(100).max(20_000).default(2000).describe("new points, with labels of the same kind"),
  total: z
    .int()
    .min(100)
    .max(10_000_000)
    .default(15_000)
    .describe("training points in all data sets of one size: small ones are averaged over more draws"),
  seed: z.int().min(0).default(0).describe("seed of points and labels"),
});

/** α, exponents of the Hilbert kernel: each twice the one before. */
const exponents = [0.25, 0.5, 1, 2, 4];
const dimension = 1;

export default claim({
  code: "IN-20",
  id: "interpolation/exponent-is-dimension",
  title: "The exponent must be the dimension: less averages everywhere, more asks one neighbor",
  statement: String.raw`The rule $\mathrm{sgn}\sum_iy_i\|x-x_i\|^{-\alpha}$ on a manifold of dimension $d$: for $\alpha<d$ far points outweigh near ones, and it
    stays at a global average whatever $n$; for $\alpha>d$ the nearest few decide, and label noise stays; at $\alpha=d$ each scale of
    distance weighs the same, and accuracy grows towards the best possible, logarithmically in $n$.`,
  source: "Devroye, Györfi & Krzyżak 1998; Radhakrishnan, Belkin & Uhler, arXiv:2204.14126",
  status: "checked",
  seconds: 10,
  settings,
  full: { sizes: [200, 1000, 5000, 20_000], total: 40_000 },

  predict: ({ flip }) => ({ best: 1 - flip }),

  async measure({ sizes, flip, testPoints, total, seed }, { signal, progress }) {
    const generator = random(seed);
    const pause = breather(signal);
    const test = circleLabels(testPoints, flip, generator);
    const results = [];
    for (const [at, n] of sizes.entries()) {
      const draws = Math.max(2, Math.round(total / n));
      const accuracies: number[][] = [];
      for (let draw = 0; draw < draws; draw++) {
        const train = circleLabels(n, flip, generator);
        const options = { exponent: exponents[0]!, count: exponents.length };
        const votes = hilbertVotes(train, test.x, options);
        const nearest = Array.from(nearestNeighbors(train.x, test.x), (i) => train.labels[i]!);
        accuracies.push([...votes, nearest].map((vote) => signAgreement(vote, test.labels)));
        progress((at + (draw + 1) / draws) / sizes.length, `n = ${n}`);
        await pause();
      }
      results.push(
        [...exponents, "nearest" as const].map((rule, r) => ({
          rule,
          accuracy: mean(accuracies.map((one) => one[r]!)),
          error: standardDeviation(accuracies.map((one) => one[r]!)) / Math.sqrt(draws),
        })),
      );
    }
    return results;
  },

  judge(_, measured, { sizes }) {
    const few = measured[0]!;
    const many = measured.at(-1)!;
    const accuracy = (from: typeof few, rule: number): number =>
      from.find((one) => one.rule === rule)!.accuracy;
    const [n, N] = [sizes[0]!, sizes.at(-1)!];
    return verdict([
      atLeast(
        `accuracy of α = 1 above that of α = 0.5, n = ${N}`,
        accuracy(many, dimension) - accuracy(many, 0.5),
        0.08,
      ),
      atLeast(
        `accuracy of α = 1 above that of α = 2, n = ${N}`,
        accuracy(many, dimension) - accuracy(many, 2),
        0.03,
      ),
      atLeast(
        `gain of α = 1 from n = ${n} to ${N}`,
        accuracy(many, dimension) - accuracy(few, dimension),
        0.04,
      ),
      ...[0.25, 0.5].map((alpha) =>
        atMost(
          `|change of accuracy of α = ${alpha} from n = ${n} to ${N}|`,
          Math.abs(accuracy(many, alpha) - accuracy(few, alpha)),
          0.02,
        ),
      ),
    ]);
  },

  figures({ best }, measured, { sizes, flip, total }) {
    return [
      {
        name: "accuracy",
        title: "Accuracy against the number of examples, by exponent",
        caption: String.raw`Points on a circle ($d=1$) in six arcs of each class, ${100 * flip} percent of the labels flipped; means over data sets of ${total} points in
          all, with standard errors. Only $\alpha=1$ goes on learning.`,
        spec: curves({
          x: { title: "training points n", scale: "log" },
          y: { title: "accuracy on new labels" },
          series: [
            {
              label: "best possible",
              role: "bound",
              points: [sizes[0]!, sizes.at(-1)!].map((x) => ({ x, y: best })),
            },
            ...measured[0]!.map(({ rule }, r) => ({
              label: rule === "nearest" ? "nearest neighbor" : `α = ${rule}`,
              role: "measurement" as const,
              points: sizes.map((x, i) => ({
                x,
                y: measured[i]![r]!.accuracy,
                error: measured[i]![r]!.error,
              })),
            })),
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With fair labels there is nothing to learn, and no exponent is better than another.`,
    settings: { flip: 0.5, total: 5000 },
  },
});
