import { type Engine, type Matrix, random, zeros } from "lineament";
import { z } from "zod";
import { claim, verdict, within } from "../claim.ts";
import { gaussianMatrix, logSpaced } from "../data/index.ts";
import type { Series } from "../figure.ts";
import { curves } from "../figures/index.ts";
import { kernelRegression, logSlope, mean, torusKernel, type TorusProfile } from "../measures/index.ts";
import { bandwidthFloor, spacedBias, spacedNoise } from "../predictions/index.ts";

const settings = z.object({
  points: z
    .array(z.int().min(10).max(1000))
    .min(2)
    .max(6)
    .default([50, 100, 200, 400])
    .describe("grid points m on the circle"),
  noises: z
    .array(z.number().min(1e-3).max(2.5))
    .min(1)
    .max(4)
    .default([1, 0.25, 0.04])
    .describe("σ², variances of the label noise; the target has mean square 1"),
  ratios: z.int().min(5).max(100).default(25).describe("bandwidths tried, between 0.1 and 8 spacings"),
  draws: z.int().min(5).max(1000).default(50).describe("draws of the noise for each m"),
  ridge: z.number().min(0).max(100).default(0).describe("added to the diagonal of K; 0 interpolates"),
  seed: z.int().min(0).default(0).describe("seed of the noise"),
});

type Settings = z.output<typeof settings>;

/** New points between two neighbors. */
const places = 10;

/** m from which the floor must be reached. */
const enough = 100;

const ratiosOf = ({ ratios }: Settings): number[] => logSpaced(0.1, 8, ratios);

export default claim({
  code: "IN-12",
  id: "interpolation/adaptive-bandwidth",
  title: "No bandwidth makes interpolation consistent, even one that follows the data",
  statement: String.raw`Interpolate on a grid of the circle with the Laplace kernel of bandwidth $M=\rho h$, $h$ the spacing and $\rho$ free. As $m\to\infty$ the excess over
    label noise tends to $\sigma^2V(\rho)+\|f\|^2B(\rho)$ for smooth $f$,
    $$V(\rho)=\frac{\frac\rho2\sinh\frac2\rho-1}{\sinh^2\frac1\rho},\qquad
      B(\rho)=1-4\rho\tanh\frac1{2\rho}+\frac{\frac12+\frac\rho2\sinh\frac1\rho}{\cosh^2\frac1{2\rho}}.$$
    A small $\rho$ kills the signal, a large one keeps $\frac23$ of the noise. The least over $\rho$ is positive and does not depend on $m$: even an oracle that
    chooses the bandwidth by the true error stays there.`,
  source:
    "Beaglehole, Belkin & Pandit, arXiv:2205.13525 (no bandwidth is consistent); the constants by exact integration",
  status: "proved",
  seconds: 2,
  settings,
  full: { points: [50, 100, 200, 400, 800], draws: 200, ratios: 50 },

  predict: (chosen) => ({
    floors: chosen.noises.map((noise) => bandwidthFloor(noise)),
    lines: logSpaced(0.1, 8, 81).map((rho) => ({ rho, noise: spacedNoise(rho), bias: spacedBias(rho) })),
  }),

  async measure(chosen, { engine, signal, progress }) {
    const generator = random(chosen.seed);
    const runs = [];
    for (const [at, m] of chosen.points.entries()) {
      const labels = gaussianMatrix(m, chosen.draws + 1, generator);
      for (let i = 0; i < m; i++) labels.data[i * labels.cols] = target(i / m);
      const tried: Errors[] = [];
      for (const rho of ratiosOf(chosen)) {
        signal.throwIfAborted();
        tried.push(await errorsOf(engine, rho / m, labels, chosen.ridge));
        progress((at + tried.length / chosen.ratios) / chosen.points.length, `m = ${m}`);
      }
      runs.push({
        m,
        /** By ρ. */
        bias: tried.map(({ bias }) => bias),
        noise: tried.map(({ draws }) => mean(draws.map(({ noise }) => noise))),
        /** By σ²: the mean over draws of the least excess over ρ. */
        best: chosen.noises.map((variance) =>
          mean(
            Array.from({ length: chosen.draws }, (_, draw) =>
              Math.min(...tried.map((errors) => excessOf(errors, draw, variance))),
            ),
          ),
        ),
      });
    }
    return runs;
  },

  judge({ floors }, measured, { noises }) {
    return verdict(
      noises.flatMap((variance, i) => {
        const { excess } = floors[i]!;
        const late = measured.filter(({ m }) => m >= enough);
        return [
          ...late.map(({ m, best }) =>
            within(
              `best excess / floor, σ² = ${variance}, m = ${m}`,
              best[i]! / excess,
              1 - 0.08,
              1 + 0.08,
              1,
            ),
          ),
          within(
            `slope of ln(best excess) against ln m, σ² = ${variance}`,
            logSlope(measured.map(({ m, best }) => ({ x: m, y: best[i]! }))),
            -0.05,
            0.05,
            0,
          ),
        ];
      }),
    );
  },

  figures({ floors, lines }, measured, chosen) {
    const { noises, points, draws } = chosen;
    const rhos = ratiosOf(chosen);
    const shown = noises[Math.min(1, noises.length - 1)]!;
    const line = (label: string, of: (at: (typeof lines)[number]) => number): Series => ({
      label,
      role: "prediction",
      points: lines.map((at) => ({ x: at.rho, y: of(at) })),
    });
    const ratio = { title: "bandwidth in units of the spacing, ρ = M/h", scale: "log" } as const;
    return [
      {
        name: "trade-off",
        title: "Noise kept and signal lost against the bandwidth",
        caption: String.raw`At $\sigma^2=${shown}$, $\|f\|^2=1$. Marks: means over ${draws} draws for $m$ from ${Math.min(...points)} to ${Math.max(...points)}, which fall on one
          curve: more points do not help, since what matters is the bandwidth in units of their spacing.`,
        spec: curves({
          x: ratio,
          y: { title: "excess risk", domain: [0, 0.7] },
          series: [
            line("σ²V + B", ({ noise, bias }) => shown * noise + bias),
            line("σ²V, noise", ({ noise }) => shown * noise),
            line("B, signal", ({ bias }) => bias),
            ...measured.map(({ m, bias, noise }, at): Series => ({
              label: `m = ${m}`,
              role: "measurement",
              points: rhos.flatMap((x, i) =>
                i % measured.length === at ? [{ x, y: shown * noise[i]! + bias[i]! }] : [],
              ),
            })),
          ],
        }),
      },
      {
        name: "floor",
        title: "The best bandwidth for each draw stays at the floor",
        caption: String.raw`Mean over ${draws} draws of the least excess over ${rhos.length} bandwidths, chosen by the true error. The lines are the least of
          $\sigma^2V(\rho)+B(\rho)$.`,
        spec: curves({
          x: { title: "grid points m", scale: "log" },
          y: { title: "best excess risk", scale: "log", domain: [0.01, 1] },
          series: noises.flatMap((variance, i): Series[] => [
            {
              label: `σ² = ${variance}`,
              role: "prediction",
              points: points.map((x) => ({ x, y: floors[i]!.excess })),
            },
            {
              label: `σ² = ${variance}`,
              role: "measurement",
              points: measured.map(({ m, best }) => ({ x: m, y: best[i]! })),
            },
          ]),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With ridge, which does not interpolate, the best of the same bandwidths gets to a quarter of the floor.`,
    settings: { ridge: 1 },
  },
});

/** Squared errors of a fit to f plus σ times noise, apart: bias + 2σ mixed + σ² noise. */
interface Errors {
  readonly bias: number;
  readonly draws: readonly { readonly mixed: number; readonly noise: number }[];
}

function excessOf({ bias, draws }: Errors, draw: number, variance: number): number {
  const { mixed, noise } = draws[draw]!;
  return bias + 2 * Math.sqrt(variance) * mixed + variance * noise;
}

function target(x: number): number {
  return Math.SQRT2 * Math.cos(2 * Math.PI * x);
}

/** Fits the columns of the labels: values of f first, then draws of noise. */
async function errorsOf(
  engine: Engine,
  bandwidth: number,
  labels: Matrix<Float64Array>,
  ridge: number,
): Promise<Errors> {
  const { rows: m, cols } = labels;
  const offsets = Array.from({ length: places }, (_, place) => (place + 0.5) / places / m);
  const profile = torusKernel("laplace", bandwidth);
  const { data } = await kernelRegression(engine, {
    kernel: shiftedGrids(m, [0], profile),
    cross: shiftedGrids(m, offsets, profile),
    targets: labels,
    ridge,
  });
  const sums = new Float64Array(2 * cols);
  for (let at = 0; at < places * m; at++) {
    const row = data.subarray(at * cols, (at + 1) * cols);
    row[0]! -= target((at % m) / m + offsets[Math.floor(at / m)]!);
    for (let draw = 0; draw < cols; draw++) {
      sums[draw]! += row[draw]! ** 2;
      sums[cols + draw]! += row[0]! * row[draw]!;
    }
  }
  const count = places * m;
  return {
    bias: sums[0]! / count,
    draws: Array.from({ length: cols - 1 }, (_, draw) => ({
      noise: sums[draw + 1]! / count,
      mixed: sums[cols + draw + 1]! / count,
    })),
  };
}

/** The kernel between copies of the grid, each moved by an offset, and the grid itself. */
function shiftedGrids(m: number, offsets: readonly number[], profile: TorusProfile): Matrix<Float64Array> {
  const matrix = zeros(offsets.length * m, m);
  for (const [copy, offset] of offsets.entries()) {
    const values = Array.from({ length: m }, (_, shift) => profile([shift / m + offset]));
    for (let i = 0; i < m; i++)
      for (let j = 0; j < m; j++) matrix.data[(copy * m + i) * m + j] = values[(i - j + m) % m]!;
  }
  return matrix;
}
