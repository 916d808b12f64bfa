import { correlationMap, random } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import { orthantPoints } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { deepClassifier, hermiteMixture, mean, standardDeviation } from "../measures/index.ts";
import { deepLimit, polynomialMap } from "../predictions/index.ts";

const share = z.number().min(0.01).max(0.5);

const settings = z
  .object({
    ordered: z
      .array(share)
      .min(1)
      .max(12)
      .default([0.1, 0.2, 0.25, 0.3])
      .describe("s of duals (1 − 2s) + sξ + sξ² that must not vote"),
    chaotic: z
      .array(share)
      .min(1)
      .max(12)
      .default([0.36, 0.42, 0.45, 0.49])
      .describe("s of duals that must vote"),
    samples: z.int().min(3).max(200).default(12).describe("n, training points in the orthant of S³"),
    majority: z.int().min(1).max(200).default(8).describe("points of class +1, more than half"),
    layers: z.int().min(10).max(100_000).default(200).describe("hidden layers L where φ̌′(1) ≥ 1"),
    collapse: z
      .number()
      .min(1e-14)
      .max(0.1)
      .default(1e-7)
      .describe("φ̌′(1)^L where φ̌′(1) < 1: how near all inputs have come"),
    testPoints: z.int().min(10).max(10_000).default(300).describe("test points"),
    draws: z.int().min(1).max(100).default(12).describe("data sets"),
    seed: z.int().min(0).default(0).describe("seed of the points"),
  })
  .refine(({ samples, majority }) => 2 * majority > samples && majority < samples, {
    path: ["majority"],
    message: "it must be more than half of the points, and not all",
  });

export default claim({
  code: "IN-17",
  id: "interpolation/ordered-phase",
  title: "A fourth class: deep networks vote only when E φ′² is at least 1",
  statement: String.raw`That deep networks with $E\varphi\ne0$ predict the majority label everywhere holds for $b=E\varphi'^2\ge1$. For $b<1$ (every sigmoid that is not
    centered) all inputs become equal at the rate $b^L$: $K_L=\mathbf 1\mathbf 1^\top-b^L\chi$, and what the network predicts tends to the
    interpolant of a conditionally positive kernel, which depends on $x$. For duals $(1-2s)+s\xi+s\xi^2$ the transition is at $b=3s=1$.`,
  source: "derived and checked; it completes the classes of Radhakrishnan, Belkin & Uhler, arXiv:2204.14126",
  status: "checked",
  seconds: 4,
  settings,
  full: { draws: 50, testPoints: 1000 },

  predict: ({ ordered, chaotic }) => ({
    threshold: 1 / 3,
    limits: [...ordered, ...chaotic].map((s) => deepLimit(polynomialMap(powersOf(s)))),
  }),

  async measure(
    { ordered, chaotic, samples, majority, layers, collapse, testPoints, draws, seed },
    laboratory,
  ) {
    const { engine, signal, progress } = laboratory;
    const generator = random(seed);
    const labels = Float64Array.from({ length: samples }, (_, i) => (i < majority ? 1 : -1));
    const problems = Array.from({ length: draws }, () => ({
      train: orthantPoints(samples, 4, generator),
      test: orthantPoints(testPoints, 4, generator),
      labels,
    }));
    const all = [...ordered, ...chaotic];
    const results = [];
    for (const [at, s] of all.entries()) {
      const map = correlationMap(hermiteMixture(powersOf(s)));
      const { slopeAtOne: b } = map;
      const depth = b < 1 ? Math.ceil(Math.log(collapse) / Math.log(b)) : layers;
      const shares: number[] = [];
      for (const problem of problems) {
        signal.throwIfAborted();
        const values = await deepClassifier(engine, { map, depth, kernel: "nngp", ...problem });
        shares.push(mean(values.map((value) => (value > 0 ? 1 : 0))));
      }
      results.push({ s, depth, shares });
      progress((at + 1) / all.length, `s = ${s}`);
    }
    return results;
  },

  judge: ({ limits }, measured, { ordered }) =>
    verdict(
      measured.map(({ s, depth, shares }, k) =>
        k < ordered.length
          ? atMost(
              `mean share of the majority class, s = ${s} (${limits[k]!}), L = ${depth}`,
              mean(shares),
              0.9,
            )
          : within(
              `least share of the majority class, s = ${s} (${limits[k]!}), L = ${depth}`,
              Math.min(...shares),
              1,
              1,
              1,
            ),
      ),
    ),

  figures: ({ threshold }, measured, { samples, majority, draws }) => [
    {
      name: "share",
      title: "Share of test points that get the label of the majority",
      caption: String.raw`Duals $(1-2s)+s\xi+s\xi^2$; ${majority} training points of one class, ${samples - majority} of the other, at random places in the orthant of
        $\mathbb S^3$. Means of ${draws} data sets with the standard deviation of one. The vote begins at $b=3s=1$.`,
      spec: curves({
        x: { title: "s", domain: [0.05, 0.5] },
        y: { title: "share predicted as the majority class", domain: [0.3, 1.05] },
        series: [
          {
            label: "majority vote",
            role: "prediction",
            points: [threshold, 0.5].map((x) => ({ x, y: 1 })),
          },
          {
            label: "share of the class among training points",
            role: "bound",
            points: [0.05, threshold].map((x) => ({ x, y: majority / samples })),
          },
          {
            label: "b = 1",
            role: "bound",
            points: [0.3, 1.05].map((y) => ({ x: threshold, y })),
          },
          {
            label: "deep network",
            role: "measurement",
            points: measured.map(({ s, shares }) => ({
              x: s,
              y: mean(shares),
              error: standardDeviation(shares),
            })),
          },
        ],
      }),
    },
  ],

  contrast: {
    statement: String.raw`Beyond $s=\frac13$ there is no dependence on $x$ left.`,
    settings: { ordered: [0.38, 0.4] },
  },
});

function powersOf(s: number): readonly number[] {
  return [1 - 2 * s, s, s];
}
