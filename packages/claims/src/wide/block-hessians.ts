import { random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { spherePoints } from "../data/index.ts";
import type { Figure, Series } from "../figure.ts";
import { heatMap, panels } from "../figures/index.ts";
import {
  blockedNetwork,
  geometricMean,
  hessianBlockNorm,
  logSlope,
  powerLawThrough,
} from "../measures/index.ts";
import { bottleneckLaw } from "../predictions/index.ts";

const settings = z.object({
  dimension: z.int().min(1).max(50).default(5).describe("input dimension d"),
  widths: z
    .array(z.int().min(8).max(2048))
    .min(2)
    .max(5)
    .default([16, 64, 256, 1024])
    .describe("m: width of all hidden layers but the bottlenecks, ascending"),
  bottleneck: z.int().min(1).max(2048).default(3).describe("width b of the bottlenecks, at every m"),
  draws: z
    .int()
    .min(1)
    .max(50)
    .default(3)
    .describe(
      "networks of more than a million parameters, each with its input; of smaller ones, four times as many",
    ),
  seed: z.int().min(0).default(0).describe("seed of networks and inputs"),
});

/** Wide layers of each block: none, one and two bottlenecks. */
const layouts = [[4], [2, 2], [1, 1, 1]] as const;

/** 5-m-m-3-m-m-1. */
function widthsOf(layout: readonly number[], dimension: number, bottleneck: number): string {
  const blocks = layout.map((wide) => Array<string>(wide).fill("m").join("-"));
  return `${dimension}-${blocks.join(`-${bottleneck}-`)}-1`;
}

export default claim({
  code: "WN-08",
  id: "wide/block-hessians",
  title: "Between bottlenecks a network is linear, across them it is not",
  statement: String.raw`Let bottlenecks of fixed width separate the layers of a linear network $f=\prod_l\frac{W_l}{\sqrt{\text{fan-in}}}x$ of width $m$ into
    $B$ blocks with parameters $\theta_1,\dots,\theta_B$. As $m\to\infty$ the Hessian within a block vanishes,
    $\|\partial^2f/\partial\theta_j^2\|=O(1/\sqrt m)$, while across blocks $\|\partial^2f/\partial\theta_i\,\partial\theta_j\|=\Theta(1)$: the network is linear in
    each block and bilinear in any two.`,
  source: "Liu, Zhu & Belkin, arXiv:2206.15058",
  status: "checked",
  seconds: 15,
  settings,
  full: { draws: 10 },

  predict: () => layouts.map((layout) => bottleneckLaw(layout.length - 1)),

  async measure({ dimension: inputs, widths, bottleneck, draws, seed }, { engine, signal, progress }) {
    const generator = random(seed);
    const work = layouts.length * widths.reduce((sum, width) => sum + width, 0);
    let done = 0;
    /** By layout, width and draw: norms of the blocks of the Hessian, symmetric. */
    const norms: number[][][][][] = [];
    for (const layout of layouts) {
      const byWidth = [];
      for (const width of widths) {
        const blocked = blockedNetwork(engine, { inputs, layout, width, bottleneck });
        const { network, blocks } = blocked;
        const matrices = [];
        const count = network.parameters > 1e6 ? draws : 4 * draws;
        for (let draw = 0; draw < count; draw++) {
          const x = spherePoints(1, inputs, generator);
          const theta = network.initialize(generator.integer(2 ** 32));
          const matrix = blocks.map(() => blocks.map(() => 0));
          for (let i = 0; i < blocks.length; i++)
            for (let j = 0; j <= i; j++) {
              const options = { tolerance: 0.1, signal };
              const norm = await hessianBlockNorm(blocked, theta, x, blocks[i]!, blocks[j]!, options);
              matrix[i]![j] = matrix[j]![i] = norm;
            }
          matrices.push(matrix);
        }
        byWidth.push(matrices);
        done += width;
        progress(done / work, `${layout.length} blocks, m = ${width}`);
      }
      norms.push(byWidth);
    }
    return norms;
  },

  judge(predicted, measured, { dimension, widths, bottleneck }) {
    const [narrowest, widest] = [widths[0]!, widths.at(-1)!];
    return verdict(
      layouts.flatMap((layout, b) => {
        const { hessianExponents } = predicted[b]!;
        const name = widthsOf(layout, dimension, bottleneck);
        const slope = logSlope(alongWidths(widths, measured[b]!, "within"));
        const told = `slope of ln ‖∂²f/∂θ_j²‖ against ln m, ${name}`;
        if (layout.length === 1) return [within(told, slope, -0.58, -0.42, hessianExponents.within)];
        const across = alongWidths(widths, measured[b]!, "across");
        return [
          atMost(told, slope, -0.33, hessianExponents.within),
          atLeast(
            `‖∂²f/∂θ_i ∂θ_j‖, i ≠ j, at m = ${widest} / at m = ${narrowest}, ${name}`,
            across.at(-1)!.y / across[0]!.y,
            0.5,
            1,
          ),
        ];
      }),
    );
  },

  figures(predicted, measured, { dimension, widths, bottleneck, draws }) {
    const series = (kind: "within" | "across"): Series[] =>
      layouts.flatMap((layout, b) => {
        if (kind === "across" && layout.length === 1) return [];
        const label = widthsOf(layout, dimension, bottleneck);
        const points = alongWidths(widths, measured[b]!, kind);
        const exponent = predicted[b]!.hessianExponents[kind];
        return [
          { label, role: "prediction", points: powerLawThrough(points, exponent) },
          { label, role: "measurement", points },
        ];
      });
    const x = { title: "width m", scale: "log" } as const;
    const blocks = layouts[2];
    const labels = blocks.map((_, j) => `θ${"₁₂₃"[j]!}`);
    const maps = [0, widths.length - 1].map((w): Figure => {
      const all = measured[2]![w]!;
      return {
        name: w === 0 ? "blocks-narrow" : "blocks-wide",
        title: `Blocks of the Hessian of a network ${widthsOf(blocks, dimension, bottleneck)}, m = ${widths[w]!}`,
        caption: String.raw`Spectral norms of the blocks of the Hessian, geometric means over ${all.length} networks. ${
          w === 0 ? "Narrow networks bend everywhere." : "Wide ones bend off the diagonal only."
        }`,
        spec: heatMap({
          x: { title: "parameters of block", labels },
          y: { title: "parameters of block", labels },
          values: blocks.map((_, i) =>
            blocks.map((__, j) => geometricMean(all.map((norms) => norms[i]![j]!))),
          ),
          value: { title: "norm of the block", scale: "log", domain: [0.01, 4] },
        }),
      };
    });
    return [
      {
        name: "norms",
        title: "Hessians within blocks and across",
        caption: String.raw`The largest block of each kind, geometric means over ${4 * draws} networks (those of more than a million parameters: ${draws}). Lines: $m^{-1/2}$ within, $m^0$ across, their heights fitted.`,
        spec: panels({
          panels: [
            {
              title: "within a block",
              x,
              y: { title: "largest norm of a block", scale: "log" },
              series: series("within"),
            },
            {
              title: "across two blocks",
              x,
              y: { title: "largest norm of a block", scale: "log", domain: [0.5, 10] },
              series: series("across"),
            },
          ],
        }),
      },
      ...maps,
    ];
  },

  contrast: {
    statement: String.raw`Layers of width 512 are no bottlenecks: across them the Hessian vanishes like everywhere.`,
    settings: { bottleneck: 512, widths: [16, 64, 256], draws: 1 },
  },
});

/** The largest norm of a block on or off the diagonal, geometric means over draws. */
function alongWidths(
  widths: readonly number[],
  byWidth: readonly (readonly (readonly (readonly number[])[])[])[],
  kind: "within" | "across",
): { readonly x: number; readonly y: number }[] {
  return widths.map((x, w) => {
    const largest = byWidth[w]!.map((norms) =>
      Math.max(...norms.flatMap((row, i) => row.filter((_, j) => (i === j) === (kind === "within")))),
    );
    return { x, y: geometricMean(largest) };
  });
}
