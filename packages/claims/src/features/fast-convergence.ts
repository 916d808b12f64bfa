import { random, zeros } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { productTarget, rowsOf } from "../data/index.ts";
import { curves, heatMaps } from "../figures/index.ts";
import { distance, featureIterations } from "../measures/index.ts";

const settings = z.object({
  dimension: z.int().min(3).max(50).default(10).describe("inputs d, standard normal"),
  rows: z.array(z.int().min(50).max(5000)).min(1).max(4).default([500, 1000]).describe("training rows n"),
  noise: z.number().min(0).max(10).default(0).describe("standard deviation of noise on the targets"),
  bandwidth: z.number().min(0.5).max(100).default(10).describe("L of the Laplace kernel"),
  ridge: z.number().min(1e-8).max(10).default(1e-3).describe("λ in K + λI"),
  iterations: z.int().min(6).max(30).default(6).describe("metric updates T"),
  seed: z.int().min(0).default(0).describe("seed of the training set"),
});

/** The step that must be small. */
const late = 5;

export default claim({
  code: "FL-04",
  id: "features/fast-convergence",
  title: "The metric settles within five updates",
  statement: String.raw`On a noiseless target of low rank the steps of a recursive feature machine, $\Delta_t=\|M_{t+1}-M_t\|_F/\|M_t\|_F$, fall by orders of magnitude
    within five updates: $\Delta_5<10^{-2}$. No theorem is known that says so in general, and with noise they stay where they are.`,
  source: "Radhakrishnan et al., arXiv:2212.13881",
  status: "checked",
  seconds: 2,
  settings,
  full: { rows: [500, 1000, 2000, 4000], iterations: 12 },

  predict: () => ({ limit: 1e-2 }),

  async measure(
    { dimension, rows, noise, bandwidth, ridge, iterations, seed },
    { engine, signal, progress },
  ) {
    const runs = [];
    for (const [at, n] of rows.entries()) {
      progress(at / rows.length, `n = ${n}`);
      const generator = random(seed);
      const { x, y } = productTarget(n, dimension, generator);
      for (let i = 0; i < n; i++) y.data[i]! += noise * generator.normal();
      const iterates = await featureIterations(engine, {
        x,
        y,
        unseen: zeros(0, dimension),
        kernel: { family: "laplace", bandwidth, exponent: 1 },
        ridge,
        iterations,
        signal,
      });
      const metrics = iterates.map(({ metric }) => metric);
      runs.push({
        n,
        steps: metrics
          .slice(1)
          .map(({ data }, t) => distance(data, metrics[t]!.data) / Math.hypot(...metrics[t]!.data)),
        metrics: metrics.slice(0, late + 1).map(rowsOf),
      });
    }
    return runs;
  },

  judge({ limit }, runs) {
    return verdict(
      runs.flatMap(({ n, steps }) => [
        atMost(`Δ_${late}, n = ${n}`, steps[late]!, limit),
        atMost(`Δ_${late} / Δ_1, n = ${n}`, steps[late]! / steps[1]!, 1 - 1e-9),
      ]),
    );
  },

  figures({ limit }, runs, { dimension, bandwidth, iterations }) {
    const labels = Array.from({ length: dimension }, (_, k) => k);
    const { n, metrics } = runs.at(-1)!;
    return [
      {
        name: "steps",
        title: "Steps of the metric",
        caption: String.raw`$\Delta_t=\|M_{t+1}-M_t\|_F/\|M_t\|_F$ for $y=x_0x_1$, $x\sim N(0,I_{${dimension}})$, Laplace machine with $L=${bandwidth}$, largest entry of the metric 1. The
          line is where $\Delta_5$ must have arrived.`,
        spec: curves({
          x: { title: "metric updates t" },
          y: { title: "‖M(t+1) − M(t)‖ / ‖M(t)‖", scale: "log" },
          series: [
            { label: "limit", role: "bound", points: [0, iterations - 1].map((x) => ({ x, y: limit })) },
            ...runs.map(({ n, steps }) => ({
              label: `n = ${n}`,
              role: "measurement" as const,
              points: steps.map((y, x) => ({ x, y })),
            })),
          ],
        }),
      },
      {
        name: "metrics",
        title: "The metric update by update",
        caption: String.raw`$M_0=I$ to $M_{${late}}$, $n=${n}$: after one update only $x_0$ and $x_1$ are left to see.`,
        spec: heatMaps({
          x: { title: "input", labels },
          y: { title: "input", labels },
          maps: metrics.map((values, t) => ({ title: `t = ${t}`, values })),
          value: { title: "entry of the metric", scale: "diverging", domain: [-1, 1] },
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With noise as strong as the signal the machine finds something to learn from in every round, and the metric does not settle.`,
    settings: { noise: 1, rows: [500] },
  },
});
