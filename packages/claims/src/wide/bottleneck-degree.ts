import { random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { spherePoints } from "../data/index.ts";
import { bars, curves } from "../figures/index.ts";
import { blockedNetwork, blockwiseExpansion, logSlope, median, powerLawThrough } from "../measures/index.ts";
import { bottleneckLaw } from "../predictions/index.ts";

const settings = z.object({
  dimension: z.int().min(1).max(50).default(5).describe("input dimension d"),
  widths: z
    .array(z.int().min(4).max(2048))
    .min(2)
    .max(5)
    .default([16, 64, 256])
    .describe("m: width of all hidden layers but the bottlenecks, ascending"),
  bottleneck: z.int().min(1).max(2048).default(2).describe("width b of the bottlenecks, at every m"),
  deep: z.boolean().default(false).describe("also networks of 8 layers with one bottleneck, of 9 with two"),
  draws: z.int().min(5).max(500).default(60).describe("networks of each kind and width, each with its input"),
  seed: z.int().min(0).default(0).describe("seed of networks and inputs"),
});

/** Wide layers of each block. */
const shallow = [[3], [1, 1], [2, 2], [1, 1, 1]] as const;
const deep = [
  [3, 3],
  [2, 2, 2],
] as const;

type Layout = (typeof shallow)[number] | (typeof deep)[number];

const layouts = (withDeep: boolean): readonly Layout[] => (withDeep ? [...shallow, ...deep] : shallow);

/** 5-m-m-2-m-m-1. */
function widthsOf(layout: Layout, dimension: number, bottleneck: number): string {
  const blocks = layout.map((wide) => Array<string>(wide).fill("m").join("-"));
  return `${dimension}-${blocks.join(`-${bottleneck}-`)}-1`;
}

export default claim({
  code: "WN-07",
  id: "wide/bottleneck-degree",
  title: "With B − 1 bottlenecks a wide network is of degree B, whatever its depth",
  statement: String.raw`A linear network $f=\prod_l\frac{W_l}{\sqrt{\text{fan-in}}}x$ of $L$ layers is a polynomial of degree $L$ in its weights. Let all
    widths be $m$ but those of $B-1$ bottlenecks, which separate $B$ blocks of layers. Along $\theta_0+su$, $u_j=\nabla_jf/\|\nabla_jf\|$ in each
    block, $f=\sum_kc_ks^k$ has $|c_k|=\Theta(1)$ for $k\le B$ while $|c_{B+1}|/|c_B|\to0$ as $m\to\infty$, here as $1/m$: in a ball of fixed radius
    the network becomes multilinear in its blocks.`,
  source: "Liu, Zhu & Belkin, arXiv:2206.15058",
  status: "checked",
  seconds: 4,
  settings,
  full: { widths: [16, 64, 256, 1024], deep: true },

  predict: (chosen) => layouts(chosen.deep).map((layout) => bottleneckLaw(layout.length - 1)),

  async measure({ dimension: inputs, widths, bottleneck, deep, draws, seed }, { engine, signal, progress }) {
    const generator = random(seed);
    const all = layouts(deep);
    const runs: number[][][][] = [];
    for (const [i, layout] of all.entries()) {
      const byWidth = [];
      for (const [w, width] of widths.entries()) {
        const blocked = blockedNetwork(engine, { inputs, layout, width, bottleneck });
        const expansions = [];
        for (let draw = 0; draw < draws; draw++) {
          signal.throwIfAborted();
          const x = spherePoints(1, inputs, generator);
          const theta = blocked.network.initialize(generator.integer(2 ** 32));
          expansions.push((await blockwiseExpansion(blocked, theta, x)).map(Math.abs));
        }
        byWidth.push(expansions);
        progress(
          (i + (w + 1) / widths.length) / all.length,
          `${layout.length - 1} bottlenecks, m = ${width}`,
        );
      }
      runs.push(byWidth);
    }
    return runs;
  },

  judge(predicted, measured, { dimension, widths, bottleneck, deep }) {
    const widest = widths.at(-1)!;
    return verdict(
      layouts(deep).flatMap((layout, i) => {
        const { degree, nextExponent } = predicted[i]!;
        const name = widthsOf(layout, dimension, bottleneck);
        const along = (of: (c: readonly number[]) => number): { x: number; y: number }[] =>
          widths.map((x, w) => ({ x, y: median(measured[i]![w]!.map(of)) }));
        const next = along((c) => c[degree + 1]! / c[degree]!);
        return [
          atMost(
            `slope of ln(c_${degree + 1}/c_${degree}) against ln m, ${name}`,
            logSlope(next),
            -0.6,
            nextExponent,
          ),
          within(`slope of ln c_${degree} against ln m, ${name}`, logSlope(along((c) => c[degree]!)), -0.45, 0.45, 0), // prettier-ignore
          atMost(`c_${degree + 1}/c_${degree}, m = ${widest}, ${name}`, next.at(-1)!.y, 0.02, 0),
          atLeast(
            `c_${degree}/c_1, m = ${widest}, ${name}`,
            along((c) => c[degree]! / c[1]!).at(-1)!.y,
            0.05,
          ),
        ];
      }),
    );
  },

  figures(predicted, measured, { dimension, widths, bottleneck, deep, draws }) {
    const all = layouts(deep);
    return [
      {
        name: "next-degree",
        title: "The first degree too many vanishes",
        caption: String.raw`Medians over ${draws} networks of $|c_{B+1}|/|c_B|$; lines of slope $-1$, their heights fitted.`,
        spec: curves({
          x: { title: "width m", scale: "log" },
          y: { title: "|c_(B+1)| / |c_B|", scale: "log" },
          series: all.flatMap((layout, i) => {
            const { degree, nextExponent } = predicted[i]!;
            const label = `${widthsOf(layout, dimension, bottleneck)}, B = ${degree}`;
            const points = widths.map((x, w) => ({
              x,
              y: median(measured[i]![w]!.map((c) => c[degree + 1]! / c[degree]!)),
            }));
            return [
              { label, role: "prediction" as const, points: powerLawThrough(points, nextExponent) },
              { label, role: "measurement" as const, points },
            ];
          }),
        }),
      },
      ...all.map((layout, i) => {
        const { degree } = predicted[i]!;
        const orders = Array.from({ length: measured[i]![0]![0]!.length }, (_, k) => k);
        return {
          name: `coefficients-${layout.join("-")}`,
          title: `Coefficients of a network ${widthsOf(layout, dimension, bottleneck)}`,
          caption: String.raw`Medians over ${draws} networks of $|c_k|$ in $f(\theta_0+su)=\sum_kc_ks^k$. The cliff lies behind $k=${degree}$, the number of
            blocks, and grows with the width; the network has ${orders.length - 1} layers.`,
          spec: bars({
            x: { title: "degree k", categories: orders.map(String) },
            y: { title: "median |c_k|", scale: "log" },
            series: widths.map((width, w) => ({
              label: `m = ${width}`,
              role: "measurement" as const,
              values: orders.map((k) => median(measured[i]![w]!.map((c) => c[k]!))),
            })),
          }),
        };
      }),
    ];
  },

  contrast: {
    statement: String.raw`Layers of width 512 are no bottlenecks: the networks are linear in all their weights, and $|c_B|$ is small for $B>1$.`,
    settings: { bottleneck: 512, widths: [16, 256], draws: 10 },
  },
});
