import { breather, type Matrix, random, type Random, zeros } from "lineament";
import { z } from "zod";
import { claim, verdict, within } from "../claim.ts";
import { circleLabels, corruptedSigns } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { mean, nearestNeighbors, standardDeviation } from "../measures/index.ts";
import { nearestNeighborError, neighborNoiseRatio } from "../predictions/index.ts";

const settings = z
  .object({
    samples: z.int().min(10).max(100_000).default(4000).describe("training points n in the unit cube"),
    dimension: z.int().min(1).max(100).default(2).describe("d, dimension of the cube"),
    neighbors: z
      .array(z.int().min(1).max(100))
      .min(1)
      .max(10)
      .default([1, 2, 5, 10, 20])
      .describe("k, labels that are averaged"),
    circleSamples: z.int().min(10).max(100_000).default(5000).describe("labeled points on the circle"),
    flips: z
      .array(z.number().min(0).max(0.5))
      .min(1)
      .max(10)
      .default([0.05, 0.1, 0.2, 0.3, 0.4])
      .describe("probabilities p with which labels are flipped"),
    testPoints: z.int().min(10).max(100_000).default(2000).describe("new points of each draw"),
    draws: z.int().min(1).max(100).default(10).describe("independent data sets that are averaged"),
    seed: z.int().min(0).default(0).describe("seed of all points and labels"),
  })
  .refine(({ samples, neighbors }) => neighbors.every((k) => k <= samples), {
    path: ["neighbors"],
    message: "there must be as many training points",
  });

type Settings = z.output<typeof settings>;

export default claim({
  code: "IN-09",
  id: "interpolation/nearest-neighbors",
  title: "Nearest neighbors are tempered: k of them keep 1/k of the noise",
  statement: String.raw`Where points are dense, $k$-nearest-neighbor regression sees the function and the mean of $k$ noises: its test error tends to
    $(1+1/k)\,\sigma^2$ with more data, neither to the noise $\sigma^2$ nor to infinity. A nearest-neighbor classifier, trained on labels
    that are flipped with probability $p$, errs with probability $2p(1-p)$ on new labels of the same kind; the best one with
    $\min(p,1-p)$.`,
  source: "Mallinar et al., arXiv:2207.06569; Cover & Hart 1967",
  status: "checked",
  seconds: 3,
  settings,
  full: { samples: 16_000, draws: 20 },

  predict: ({ neighbors, flips }) => ({
    ratios: neighbors.map(neighborNoiseRatio),
    errors: flips.map(nearestNeighborError),
  }),

  async measure(chosen, { signal, progress }) {
    const generator = random(chosen.seed);
    const pause = breather(signal);
    const draws: { readonly ratios: number[]; readonly errors: number[] }[] = [];
    for (let draw = 0; draw < chosen.draws; draw++) {
      draws.push({
        ratios: noiseRatios(chosen, generator),
        errors: classificationErrors(chosen, generator),
      });
      progress((draw + 1) / chosen.draws);
      await pause();
    }
    const statistics = (of: (one: (typeof draws)[number]) => number) => ({
      mean: mean(draws.map(of)),
      error: standardDeviation(draws.map(of)) / Math.sqrt(draws.length),
    });
    return {
      ratios: chosen.neighbors.map((_, i) => statistics(({ ratios }) => ratios[i]!)),
      errors: chosen.flips.map((_, i) => statistics(({ errors }) => errors[i]!)),
    };
  },

  judge(predicted, { ratios, errors }, { neighbors, flips }) {
    const near = (name: string, measured: number, expected: number) =>
      within(name, measured, expected - 0.05, expected + 0.05, expected);
    return verdict([
      ...neighbors.map((k, i) => near(`test error / σ², k = ${k}`, ratios[i]!.mean, predicted.ratios[i]!)),
      ...flips.map((p, i) =>
        near(`error of the nearest neighbor, p = ${p}`, errors[i]!.mean, predicted.errors[i]!),
      ),
    ]);
  },

  figures: (
    predicted,
    { ratios, errors },
    { neighbors, flips, samples, dimension, circleSamples, draws },
  ) => [
    {
      name: "regression",
      title: "Test error of k nearest neighbors",
      caption: String.raw`$n=${samples}$ points in the unit cube of dimension ${dimension}, labels $\sin3x_0$ and noise of variance $\sigma^2=1$; mean of
        ${draws} draws, bars: standard error. One neighbor doubles the noise; only a growing number of them is consistent.`,
      spec: curves({
        x: { title: "neighbors k", scale: "log" },
        y: { title: "test error / σ²" },
        series: [
          {
            label: "1 + 1/k",
            role: "prediction",
            points: Array.from({ length: Math.max(...neighbors) }, (_, i) => ({
              x: i + 1,
              y: neighborNoiseRatio(i + 1),
            })),
          },
          {
            label: "k nearest neighbors",
            role: "measurement",
            points: neighbors.map((x, i) => ({ x, y: ratios[i]!.mean, error: ratios[i]!.error })),
          },
          { label: "Bayes", role: "bound", points: neighbors.map((x) => ({ x, y: 1 })) },
        ],
      }),
    },
    {
      name: "classification",
      title: "Test error of the nearest neighbor with flipped labels",
      caption: String.raw`$n=${circleSamples}$ points on the circle, label $+1$ where $\sin6\theta>-0.6$, flipped with probability $p$ in training and in test.
        The nearest neighbor has up to twice the error of the best classifier.`,
      spec: curves({
        x: { title: "p, probability of a flipped label", domain: [0, 0.5] },
        y: { title: "test error", domain: [0, 0.5] },
        series: [
          {
            label: "2p(1 − p)",
            role: "prediction",
            points: halves.map((x) => ({ x, y: nearestNeighborError(x) })),
          },
          {
            label: "nearest neighbor",
            role: "measurement",
            points: flips.map((x, i) => ({ x, y: errors[i]!.mean, error: errors[i]!.error })),
          },
          { label: "Bayes", role: "bound", points: halves.map((x) => ({ x, y: x })) },
        ],
      }),
    },
  ],

  contrast: {
    statement: String.raw`In 50 dimensions the nearest of 4000 points are far away: their labels differ by more than noise.`,
    settings: { dimension: 50, draws: 1 },
  },
});

/** 0 … ½. */
const halves = Array.from({ length: 51 }, (_, i) => i / 100);

/** By k: mean square of prediction − sin 3x_0 at new points, plus the variance 1 of the noise. */
function noiseRatios({ samples, dimension, neighbors, testPoints }: Settings, generator: Random): number[] {
  const x = cubePoints(samples, dimension, generator);
  const labels = Float64Array.from(
    { length: samples },
    (_, i) => Math.sin(3 * x.data[i * dimension]!) + generator.normal(),
  );
  const test = cubePoints(testPoints, dimension, generator);
  const most = Math.max(...neighbors);
  const nearest = nearestNeighbors(x, test, most);
  const squares = neighbors.map(() => 0);
  for (let i = 0; i < testPoints; i++) {
    const truth = Math.sin(3 * test.data[i * dimension]!);
    for (const [at, k] of neighbors.entries()) {
      let sum = 0;
      for (let j = 0; j < k; j++) sum += labels[nearest[i * most + j]!]!;
      squares[at]! += (sum / k - truth) ** 2 / testPoints;
    }
  }
  return squares.map((square) => 1 + square);
}

/** By p: how often the nearest neighbor has another label, when labels of old and new points are flipped. */
function classificationErrors({ circleSamples, testPoints, flips }: Settings, generator: Random): number[] {
  const training = circleLabels(circleSamples, 0, generator);
  const test = circleLabels(testPoints, 0, generator);
  const nearest = nearestNeighbors(training.x, test.x);
  return flips.map((flip) => {
    const labels = corruptedSigns(training.labels, 2 * flip, generator);
    const expected = corruptedSigns(test.labels, 2 * flip, generator);
    return mean(expected.map((label, i) => (label === labels[nearest[i]!] ? 0 : 1)));
  });
}

/** n uniform points of the unit cube, as rows. */
function cubePoints(n: number, d: number, generator: Random): Matrix<Float64Array> {
  const points = zeros(n, d);
  for (let at = 0; at < points.data.length; at++) points.data[at] = generator.uniform();
  return points;
}
