import { type Engine, type Matrix, zeros } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import type { Series } from "../figure.ts";
import { curves } from "../figures/index.ts";
import {
  column,
  kernelRegression,
  mean,
  noiseGain,
  torusGram,
  torusKernel,
  type TorusProfile,
} from "../measures/index.ts";
import {
  gaussOnTorus,
  gridBias,
  gridNoise,
  laplaceNoiseLimit,
  laplaceOnTorus,
  type TorusKernel,
} from "../predictions/index.ts";

const bandwidth = z.number().min(0.01).max(2);
const points = z.int().min(3).max(500);

const settings = z.object({
  bandwidths: z
    .array(bandwidth)
    .min(1)
    .max(3)
    .default([0.02, 1])
    .describe("M of the Laplace kernels on the circle, in units of the period"),
  points: z.array(points).min(1).max(8).default([5, 20, 100]).describe("points m on the circle"),
  planeBandwidths: z
    .array(z.number().min(0.05).max(2))
    .min(1)
    .max(3)
    .default([0.1, 1])
    .describe("M of the Laplace kernels on the torus of dimension 2"),
  planePoints: z
    .array(z.int().min(6).max(30))
    .min(1)
    .max(4)
    .default([6])
    .describe("points m along each edge of that torus"),
  gaussBandwidth: z.number().min(0.02).max(0.2).default(0.05).describe("M of the Gaussian kernel"),
  gaussPoints: z
    .array(points)
    .min(1)
    .max(5)
    .default([5, 11, 21])
    .describe("points m with the Gaussian kernel: few enough for a kernel matrix that is not singular"),
  places: z.int().min(100).max(20_000).default(2000).describe("new points on the circle"),
  frequency: z.int().min(0).max(2).default(1).describe("g of the target √2 cos(2πgx) without noise"),
  uneven: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .describe("e: gaps between the points vary between 1 − e and 1 + e times 1/m"),
});

/** New points along each edge of the torus of dimension 2. */
const planePlaces = 30;

/** m at which the limits must be reached. */
const many = 500;

export default claim({
  code: "IN-11",
  id: "interpolation/grid-interpolation",
  title: "What interpolation on a grid costs, exactly: noise that never vanishes",
  statement: String.raw`Interpolate labels on $n=m^d$ grid points of the torus with a kernel $k(x)=\sum_g\hat k(g)e^{2\pi i\langle g,x\rangle}$. Label noise of variance
    $\sigma^2$ adds $\sigma^2V$ to the mean squared error,
    $$V=\frac1n\sum_j\frac{\sum_q\hat k(j+mq)^2}{\big(\sum_q\hat k(j+mq)\big)^2},$$
    and a mode $g$ of the target is missed by $B=(1-\omega_0)^2+\sum_{q\ne0}\omega_q^2$, where $\omega_q$ is the share of $\hat k(g+mq)$ among its aliases. At a fixed
    bandwidth and $m\to\infty$, $B\to0$ but $V\to\frac23$, $0.45342$, $0.33131$ for the Laplace kernel in $d=1,2,3$, and $V\to1$ for the Gaussian:
    interpolation is inconsistent.`,
  source:
    "Beaglehole, Belkin & Pandit, arXiv:2205.13525 (inconsistency); the constants are exact sums over aliases",
  status: "proved",
  seconds: 4,
  settings,
  full: {
    bandwidths: [0.02, 0.1, 1],
    points: [5, 10, 20, 50, 100, 200],
    places: 8000,
    planeBandwidths: [0.1, 0.3, 1],
    planePoints: [6, 8, 10],
    gaussPoints: [5, 7, 11, 15, 21],
  },

  predict(chosen) {
    const rows = (kernel: TorusKernel, sizes: readonly number[]) =>
      sizes.map((m) => ({ m, noise: gridNoise(kernel, m) }));
    const circle = chosen.bandwidths.map((width) => laplaceOnTorus(1, width));
    const plane = chosen.planeBandwidths.map((width) => laplaceOnTorus(2, width));
    const gauss = gaussOnTorus(1, chosen.gaussBandwidth);
    const biasesOf = (kernel: TorusKernel, sizes: readonly number[]) =>
      sizes.map((m) => ({ m, bias: gridBias(kernel, m, [chosen.frequency]) }));
    const oddSizes = lineSizes.map((m) => m + 1 - (m % 2));
    return {
      circle: circle.map((kernel) => rows(kernel, chosen.points)),
      circleBias: circle.map((kernel) => biasesOf(kernel, chosen.points)),
      plane: plane.map((kernel) => rows(kernel, chosen.planePoints)),
      gauss: rows(gauss, chosen.gaussPoints),
      /** At m = 500. */
      circleMany: circle.map((kernel) => gridNoise(kernel, many)),
      planeMany: plane.map((kernel) => gridNoise(kernel, many, { reach: 3 })),
      gaussMany: gridNoise(gauss, many),
      limits: { circle: laplaceNoiseLimit(1), plane: laplaceNoiseLimit(2), gauss: 1 },
      lines: {
        circle: circle.map((kernel) => rows(kernel, lineSizes)),
        circleBias: circle.map((kernel) => biasesOf(kernel, lineSizes)),
        plane: plane.map((kernel) => rows(kernel, lineSizes.slice(0, 13))),
        gauss: rows(gauss, oddSizes),
        gaussBias: biasesOf(gauss, oddSizes.slice(0, 8)),
      },
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { uneven, frequency } = chosen;
    const places = edge(chosen.places).map((x) => x + 0.5 / chosen.places);
    const onCircle = async (kernel: TorusProfile, m: number) => {
      signal.throwIfAborted();
      return interpolate(engine, kernel, matrixOf([nodes(m, uneven)]), matrixOf([places]), frequency);
    };
    const inPlane = async (kernel: TorusProfile, m: number) => {
      signal.throwIfAborted();
      const axis = nodes(m, uneven);
      const inner = edge(planePlaces).map((x) => x + 0.5 / planePlaces);
      return interpolate(engine, kernel, matrixOf([axis, axis]), matrixOf([inner, inner]), frequency);
    };
    const all = <Result>(sizes: readonly number[], one: (m: number) => Promise<Result>): Promise<Result[]> =>
      sizes.reduce<Promise<Result[]>>(
        async (before, m) => [...(await before), await one(m)],
        Promise.resolve([]),
      );
    const circle = [];
    for (const width of chosen.bandwidths)
      circle.push(await all(chosen.points, (m) => onCircle(torusKernel("laplace", width), m)));
    progress(0.6, "two dimensions");
    const plane = [];
    for (const width of chosen.planeBandwidths)
      plane.push(await all(chosen.planePoints, (m) => inPlane(torusKernel("laplace", width), m)));
    progress(0.9, "Gaussian kernel");
    const gauss = await all(chosen.gaussPoints, (m) =>
      onCircle(torusKernel("gauss", chosen.gaussBandwidth), m),
    );
    return { circle, plane, gauss };
  },

  judge(predicted, measured, { bandwidths, planeBandwidths }) {
    const { circle, plane, gauss, limits } = predicted;
    const noises = (rows: readonly { readonly noise: number }[]): number[] => rows.map(({ noise }) => noise);
    const biases = (rows: readonly { readonly bias: number }[]): number[] => rows.map(({ bias }) => bias);
    return verdict([
      ...bandwidths.flatMap((width, i) => [
        atMost(
          `largest |V measured / formula − 1|, Laplace, d = 1, M = ${width}`,
          largestRelative(noises(measured.circle[i]!), noises(circle[i]!)),
          0.005,
        ),
        atMost(
          `largest |B measured / formula − 1|, Laplace, d = 1, M = ${width}`,
          largestRelative(biases(measured.circle[i]!), biases(predicted.circleBias[i]!)),
          0.005,
        ),
        atMost(
          `|V at m = ${many} / limit − 1|, Laplace, d = 1, M = ${width}`,
          Math.abs(predicted.circleMany[i]! / limits.circle - 1),
          0.01,
        ),
      ]),
      ...planeBandwidths.flatMap((width, i) => [
        atMost(
          `largest |V measured / formula − 1|, Laplace, d = 2, M = ${width}`,
          largestRelative(noises(measured.plane[i]!), noises(plane[i]!)),
          0.02,
        ),
        atMost(
          `|V at m = ${many} / limit − 1|, Laplace, d = 2, M = ${width}`,
          Math.abs(predicted.planeMany[i]! / limits.plane - 1),
          0.01,
        ),
      ]),
      atMost(
        "largest |V measured / formula − 1|, Gauss, d = 1",
        largestRelative(noises(measured.gauss), noises(gauss)),
        0.005,
      ),
      atMost(
        `|V at m = ${many} / limit − 1|, Gauss, d = 1`,
        Math.abs(predicted.gaussMany / limits.gauss - 1),
        0.01,
      ),
    ]);
  },

  figures({ limits, lines }, measured, chosen) {
    const { bandwidths, planeBandwidths, gaussBandwidth, frequency } = chosen;
    const drawn = <Row extends { readonly m: number }>(
      label: string,
      role: Series["role"],
      rows: readonly Row[],
      of: (row: Row) => number,
    ): Series => ({ label, role, points: rows.map((row) => ({ x: row.m, y: of(row) })) });
    const laplace = (d: number, width: number): string => `Laplace, d = ${d}, M = ${width}`;
    const gauss = `Gauss, d = 1, M = ${gaussBandwidth}`;
    const level = (label: string, y: number): Series => ({
      label,
      role: "bound",
      points: [lineSizes[0]!, lineSizes.at(-1)!].map((x) => ({ x, y })),
    });
    const x = { title: "points along an edge, m", scale: "log" } as const;
    return [
      {
        name: "noise",
        title: "The share of label noise that interpolation on a grid keeps",
        caption: String.raw`Lines: the formula. Marks: $\|K^{-1}k(x)\|^2$ averaged over new points, by solving the system. With few points per bandwidth the
          interpolant falls back to 0 between the points and keeps little noise, nor anything else; with more, $V$ grows to a limit that does not depend on
          the bandwidth.`,
        spec: curves({
          x,
          y: { title: "noise excess / σ²", domain: [0, 1.05] },
          series: [
            ...bandwidths.flatMap((width, i) => [
              drawn(laplace(1, width), "prediction", lines.circle[i]!, ({ noise }) => noise),
              drawn(laplace(1, width), "measurement", measured.circle[i]!, ({ noise }) => noise),
            ]),
            ...planeBandwidths.flatMap((width, i) => [
              drawn(laplace(2, width), "prediction", lines.plane[i]!, ({ noise }) => noise),
              drawn(laplace(2, width), "measurement", measured.plane[i]!, ({ noise }) => noise),
            ]),
            drawn(gauss, "prediction", lines.gauss, ({ noise }) => noise),
            drawn(gauss, "measurement", measured.gauss, ({ noise }) => noise),
            level("limit, Laplace, d = 1", limits.circle),
            level("limit, Laplace, d = 2", limits.plane),
            level("limit, Gauss", limits.gauss),
          ],
        }),
      },
      {
        name: "bias",
        title: "The signal is no trouble: its error vanishes as a power of m",
        caption: String.raw`Error of interpolating $\sqrt2\cos(${2 * frequency}\pi x)$ from exact labels. Once the spacing is below the bandwidth the Laplace kernel misses it by $m^{-4}$,
          the Gaussian by less than any power.`,
        spec: curves({
          x,
          y: { title: "mean squared error without noise", scale: "log", domain: [1e-13, 1] },
          series: [
            ...bandwidths.flatMap((width, i) => [
              drawn(laplace(1, width), "prediction", lines.circleBias[i]!, ({ bias }) => bias),
              drawn(laplace(1, width), "measurement", measured.circle[i]!, ({ bias }) => bias),
            ]),
            drawn(gauss, "prediction", lines.gaussBias, ({ bias }) => bias),
            drawn(gauss, "measurement", measured.gauss, ({ bias }) => bias),
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`The sums belong to even grids: where gaps differ by a factor of 9, narrow kernels keep another share.`,
    settings: { uneven: 0.8, bandwidths: [0.02], planeBandwidths: [0.1] },
  },
});

/** m along the lines. */
const lineSizes = [5, 6, 7, 8, 9, 11, 13, 16, 20, 26, 34, 45, 60, 80, 110, 160, 250, 500];

/** i/m. */
function edge(m: number): number[] {
  return Array.from({ length: m }, (_, i) => i / m);
}

/** m points of the circle whose gaps vary slowly around it. */
function nodes(m: number, uneven: number): number[] {
  return edge(m).map((u) => u + (uneven * Math.sin(2 * Math.PI * u)) / (2 * Math.PI));
}

/** All points with one coordinate from each axis. */
function matrixOf(axes: readonly (readonly number[])[]): Matrix<Float64Array> {
  const points = axes.reduce<number[][]>(
    (found, axis) => found.flatMap((point) => axis.map((x) => [...point, x])),
    [[]],
  );
  const matrix = zeros(points.length, axes.length);
  matrix.data.set(points.flat());
  return matrix;
}

/** V, and the mean squared error on √2 cos(2πg x_0). */
async function interpolate(
  engine: Engine,
  kernel: TorusProfile,
  x: Matrix<Float64Array>,
  places: Matrix<Float64Array>,
  frequency: number,
): Promise<{ readonly m: number; readonly noise: number; readonly bias: number }> {
  const [gram, cross] = [torusGram(kernel, x, x), torusGram(kernel, places, x)];
  const target = (at: Matrix<Float64Array>): Float64Array =>
    Float64Array.from(
      { length: at.rows },
      (_, i) => Math.SQRT2 * Math.cos(2 * Math.PI * frequency * at.data[i * at.cols]!),
    );
  const noise = await noiseGain(engine, { kernel: gram, cross });
  const fit = await kernelRegression(engine, { kernel: gram, cross, targets: column(target(x)), ridge: 0 });
  const truth = target(places);
  return {
    m: Math.round(x.rows ** (1 / x.cols)),
    noise,
    bias: mean(fit.data.map((value, i) => (value - truth[i]!) ** 2)),
  };
}

function largestRelative(measured: readonly number[], predicted: readonly number[]): number {
  return Math.max(...measured.map((value, i) => Math.abs(value / predicted[i]! - 1)));
}
