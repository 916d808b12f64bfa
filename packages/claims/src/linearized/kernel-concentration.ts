import { activationFunctions, dualOf, type Engine, type Matrix, random, type Random } from "lineament";
import { z } from "zod";
import { atLeast, type Check, claim, verdict, within } from "../claim.ts";
import { gaussianMatrix, spherePoints } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import {
  hiddenFeatures,
  kernelRelativeError,
  logSlope,
  mean,
  rowProducts,
  standardDeviation,
  zonalGram,
} from "../measures/index.ts";
import { marchenkoPasturEdge } from "../predictions/index.ts";

const activations = ["relu", "erf"] as const;
const features = ["tangent", "random"] as const;

const settings = z.object({
  sizes: z
    .array(z.tuple([z.int().min(20).max(1000), z.int().min(5).max(200)]))
    .min(1)
    .max(4)
    .default([[100, 20]])
    .describe("numbers of points n and dimensions d, as pairs"),
  widths: z
    .array(z.int().min(1).max(50_000))
    .min(2)
    .max(10)
    .default([2, 5, 20, 80, 320, 1280])
    .describe("neurons N"),
  redraws: z.int().min(1).max(50).default(3).describe("random networks at each width"),
  seed: z.int().min(0).default(0).describe("seed of points and networks"),
});

export default claim({
  code: "LZ-06",
  id: "linearized/kernel-concentration",
  title: "The kernel of a finite network approaches its limit as √((n + d)/(N d))",
  statement: String.raw`For $n$ points on the sphere in $d$ dimensions, with high probability the tangent kernel of $N$ neurons satisfies
    $$\Delta=\big\|K^{-1/2}K_NK^{-1/2}-I_n\big\|_{op}\le\tilde O\Big(\sqrt{\tfrac{n+d}{Nd}}\Big)$$
    (plus the same without the root). It is as if whitened features were independent: $\Delta\approx2\sqrt q+q$ with $q=\frac{n+d}{Nd}$
    for tangent features and $q=\frac nN$ for random features. If $Nd<n$, $K_N$ is singular and $\Delta\ge1$.`,
  source: "Lecture 11: Linearized Networks, Theorem 2; Montanari & Zhong, arXiv:2007.12826",
  status: "reported",
  seconds: 1,
  settings,
  full: {
    sizes: [
      [100, 20],
      [200, 20],
      [200, 50],
    ],
    widths: [2, 5, 20, 80, 320, 1280, 5120],
  },

  predict({ sizes, widths }) {
    return sizes.map(([n, d]) => ({
      tangent: widths.map((width) => marchenkoPasturEdge((n + d) / (width * d))),
      random: widths.map((width) => marchenkoPasturEdge(n / width)),
    }));
  },

  async measure({ sizes, widths, redraws, seed }, { engine, signal, progress }) {
    const generator = random(seed);
    const runs = [];
    const total = sizes.length * activations.length * widths.length;
    let done = 0;
    for (const [n, d] of sizes) {
      const x = spherePoints(n, d, generator);
      const rho = await rowProducts(engine, x);
      for (let at = 0; at < rho.data.length; at++) rho.data[at]! /= d;
      for (const activation of activations) {
        const dual = dualOf({ name: activation });
        const limits = {
          random: zonalGram(rho, (c) => dual.value(1, 1, c)),
          tangent: zonalGram(rho, (c) => c * dual.slope(1, 1, c)),
        };
        const errors = { random: [] as number[][], tangent: [] as number[][] };
        for (const width of widths) {
          const found = { random: [] as number[], tangent: [] as number[] };
          for (let redraw = 0; redraw < redraws; redraw++) {
            signal.throwIfAborted();
            const kernels = await finiteKernels(engine, { x, rho, activation, width, generator });
            for (const kind of features)
              found[kind].push(await kernelRelativeError(engine, limits[kind], kernels[kind]));
          }
          for (const kind of features) errors[kind].push(found[kind]);
          progress(++done / total, `${activation}, n = ${n}, d = ${d}, N = ${width}`);
        }
        runs.push({ n, d, activation, errors });
      }
    }
    return runs;
  },

  judge(predicted, measured, { sizes, widths }) {
    return verdict(
      measured.flatMap(({ n, d, activation, errors }) => {
        const at = sizes.findIndex((size) => size[0] === n && size[1] === d);
        const of = `${names[activation]}, n = ${n}, d = ${d}`;
        const means = (kind: (typeof features)[number]): { x: number; y: number; edge: number }[] =>
          widths.map((x, i) => ({ x, y: mean(errors[kind][i]!), edge: predicted[at]![kind][i]! }));
        const wide = means("tangent").filter(({ x }) => x * d > 4 * (n + d));
        const wider = means("random").filter(({ x }) => x >= 4 * n);
        const narrow = widths.flatMap((width, i) => (width * d < n ? errors.tangent[i]! : []));
        return [
          ...(wide.length < 2
            ? []
            : [within(`slope of ln Δ against ln N, tangent ${of}`, logSlope(wide), -0.6, -0.43, -0.5)]),
          ...ratios(`tangent ${of}`, wide, 0.6, 1.3),
          ...ratios(`random features, ${of}`, wider, 0.8, 1.4),
          ...(narrow.length === 0
            ? []
            : [atLeast(`least Δ with N d < n, tangent ${of}`, Math.min(...narrow), 1)]),
        ];
      }),
    );
  },

  figures(predicted, measured, { sizes, widths, redraws }) {
    return sizes.map(([n, d], at) => ({
      name: `relative-error-${n}-${d}`,
      title: `Relative error of the kernel matrix, n = ${n}, d = ${d}`,
      caption: String.raw`Means over ${redraws} networks with their standard deviations, against $2\sqrt q+q$ without a fitted constant. Tangent
        features reach the same error with about $d$ times fewer neurons: each neuron has $d$ of them.`,
      spec: curves({
        x: { title: "neurons N", scale: "log" },
        y: { title: "relative error Δ in operator norm", scale: "log" },
        series: [
          ...features.map((kind) => ({
            label: `2√q + q, q = ${kind === "tangent" ? "(n + d)/(N d)" : "n/N"}`,
            role: "prediction" as const,
            points: widths.map((x, i) => ({ x, y: predicted[at]![kind][i]! })),
          })),
          ...features.flatMap((kind) =>
            measured
              .filter((run) => run.n === n && run.d === d)
              .map(({ activation, errors }) => ({
                label: `${kind} features, ${names[activation]}`,
                role: "measurement" as const,
                points: widths.map((x, i) => ({
                  x,
                  y: mean(errors[kind][i]!),
                  error: standardDeviation(errors[kind][i]!),
                })),
              })),
          ),
        ],
      }),
    }));
  },
});

const names = { relu: "ReLU", erf: "erf" } as const;

function ratios(
  of: string,
  points: readonly { readonly x: number; readonly y: number; readonly edge: number }[],
  low: number,
  high: number,
): Check[] {
  return points.map(({ x, y, edge }) => within(`Δ/(2√q + q), ${of}, N = ${x}`, y / edge, low, high, 1));
}

/** K_N of random and of tangent features of one random network, w ~ N(0, I/d), a = ±1, γ = 1/√N. */
async function finiteKernels(
  engine: Engine,
  setting: {
    readonly x: Matrix;
    readonly rho: Matrix;
    readonly activation: (typeof activations)[number];
    readonly width: number;
    readonly generator: Random;
  },
): Promise<{ readonly random: Matrix; readonly tangent: Matrix }> {
  const { x, rho, activation, width, generator } = setting;
  const { value, slope } = activationFunctions({ name: activation });
  const weights = gaussianMatrix(width, x.cols, generator, { std: 1 / Math.sqrt(x.cols) });
  const scale = 1 / Math.sqrt(width);
  const values = await hiddenFeatures(engine, x, weights, value, scale);
  const slopes = await hiddenFeatures(engine, x, weights, slope, scale);
  const tangent = await rowProducts(engine, slopes);
  for (let at = 0; at < tangent.data.length; at++) tangent.data[at]! *= rho.data[at]!;
  return { random: await rowProducts(engine, values), tangent };
}
