import { type Matrix, random, type Random, zeros } from "lineament";
import { z } from "zod";
import { atLeast, claim, verdict } from "../claim.ts";
import { curves } from "../figures/index.ts";
import { median, noiseGain, torusGram, torusKernel } from "../measures/index.ts";
import { eigenframework, gaussOnTorus, gridNoise, torusSpectrum } from "../predictions/index.ts";

const settings = z.object({
  bandwidth: z.number().min(0.05).max(0.3).default(0.1).describe("M of the Gaussian kernel, in periods"),
  points: z
    .array(z.int().min(2).max(30))
    .min(2)
    .max(8)
    .default([6, 10, 14, 18])
    .describe("points n on the circle; double precision limits them"),
  design: z.enum(["random", "grid"]).default("random").describe("where the points are: uniform, or even"),
  draws: z.int().min(1).max(5000).default(300).describe("draws of the points for each n"),
  seed: z.int().min(0).default(0).describe("seed of the points"),
});

/** New points on the circle. */
const places = 200;

/** Added to the diagonal, at the level of rounding. */
const ridge = 1e-14;

export default claim({
  code: "IN-13",
  id: "interpolation/random-points",
  title: "The Gaussian kernel at random points: every sample multiplies the noise",
  statement: String.raw`Interpolate pure noise at $n$ uniform points of the circle with the Gaussian kernel of fixed bandwidth. The median noise ratio, test error over noise
    variance, grows by a factor of 5 and more with every 4 points: catastrophic overfitting. The eigenframework, which knows the spectrum only, says catastrophic
    too, but is far below: in one dimension eigenfunctions are not like independent Gaussian features. On an even grid the same kernel has a ratio of at most 2.`,
  source:
    "Beaglehole, Belkin & Pandit, arXiv:2205.13525; Mallinar et al., arXiv:2207.06569 (catastrophic overfitting)",
  status: "checked",
  seconds: 2,
  settings,
  full: { draws: 2000 },

  predict({ bandwidth, points }) {
    const kernel = gaussOnTorus(1, bandwidth);
    const spectrum = torusSpectrum(kernel, 60);
    const sizes = Array.from({ length: Math.max(...points) - 3 }, (_, i) => i + 4);
    return {
      eigenframework: sizes.map((n) => ({
        n,
        ratio: eigenframework({ spectrum, energies: [] }, n).noiseInflation,
      })),
      grid: sizes.map((n) => ({ n, ratio: 1 + gridNoise(kernel, n) })),
    };
  },

  async measure({ bandwidth, points, design, draws, seed }, { engine, signal, progress }) {
    const generator = random(seed);
    const kernel = torusKernel("gauss", bandwidth);
    const everywhere = evenly(places);
    const runs = [];
    for (const [at, n] of points.entries()) {
      const ratios: number[] = [];
      for (let draw = 0; draw < draws; draw++) {
        signal.throwIfAborted();
        const x = design === "grid" ? evenly(n) : uniformly(n, generator);
        const [gram, cross] = [torusGram(kernel, x, x), torusGram(kernel, everywhere, x)];
        ratios.push(1 + (await noiseGain(engine, { kernel: gram, cross, ridge })));
        progress((at + draw / draws) / points.length, `n = ${n}`);
      }
      ratios.sort((a, b) => a - b);
      runs.push({
        n,
        ratio: median(ratios),
        low: ratios[Math.floor(0.25 * draws)]!,
        high: ratios[Math.floor(0.75 * draws)]!,
      });
    }
    return runs;
  },

  judge(_, measured) {
    return verdict([
      atLeast(`median noise ratio, n = ${measured[0]!.n}`, measured[0]!.ratio, 5),
      ...measured
        .slice(1)
        .map(({ n, ratio }, i) =>
          atLeast(`median noise ratio, n = ${n} / n = ${measured[i]!.n}`, ratio / measured[i]!.ratio, 5),
        ),
    ]);
  },

  figures({ eigenframework: framework, grid }, measured, { bandwidth, draws, design }) {
    return [
      {
        name: "noise-ratio",
        title: "Noise ratio of the Gaussian interpolant against the number of points",
        caption: String.raw`$M=${bandwidth}$. Marks: median of ${draws} draws with the quartiles. The eigenframework misses them by a factor of thousands from $n=14$ on; on an
          even grid the ratio stays under 2.`,
        spec: curves({
          x: { title: "points n", domain: [4, Math.max(...measured.map(({ n }) => n))] },
          y: { title: "test error / noise variance", scale: "log" },
          series: [
            {
              label: "eigenframework",
              role: "prediction",
              points: framework.map(({ n, ratio }) => ({ x: n, y: ratio })),
            },
            {
              label: "even grid, exact",
              role: "prediction",
              points: grid.map(({ n, ratio }) => ({ x: n, y: ratio })),
            },
            {
              label: design === "grid" ? "even points" : "random points, median",
              role: "measurement",
              points: measured.map(({ n, ratio }) => ({ x: n, y: ratio })),
            },
            ...(design === "grid"
              ? []
              : (["low", "high"] as const).map((quartile) => ({
                  label: quartile === "low" ? "lower quartile" : "upper quartile",
                  role: "measurement" as const,
                  points: measured.map((row) => ({ x: row.n, y: row[quartile] })),
                }))),
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`On an even grid the noise ratio is below 2 for every $n$.`,
    settings: { design: "grid", draws: 1 },
  },
});

/** i/n. */
function evenly(n: number): Matrix<Float64Array> {
  const points = zeros(n, 1);
  for (let i = 0; i < n; i++) points.data[i] = i / n;
  return points;
}

function uniformly(n: number, generator: Random): Matrix<Float64Array> {
  const points = zeros(n, 1);
  for (let i = 0; i < n; i++) points.data[i] = generator.uniform();
  return points;
}
