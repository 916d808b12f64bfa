import {
  balancedFactors,
  endToEnd,
  endToEndVelocity,
  factorFlow,
  factorizationLoss,
  type Matrix,
  random,
} from "lineament";
import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import { gaussianVector } from "../data/index.ts";
import { panels } from "../figures/index.ts";
import { distance, layerVelocity } from "../measures/index.ts";
import { integrate, singleOutputVelocity } from "../predictions/index.ts";

const settings = z.object({
  depths: z.array(z.int().min(1).max(12)).min(1).max(8).default([1, 2, 3, 4, 5]).describe("layers n"),
  dimensions: z.array(z.int().min(2).max(200)).min(1).max(6).default([2, 5, 20]).describe("inputs d"),
  draws: z.int().min(1).max(100).default(5).describe("random weights and gradients for each"),
  duration: z.number().min(0.1).max(50).default(10).describe("last time of the paths that are drawn"),
  seed: z.int().min(0).default(0).describe("seed of weights and gradients"),
});
type Settings = z.output<typeof settings>;

/** The plane that is drawn: paths to one target. */
const target = [1, 0.5];
const starts = [
  [-0.3, 0.9],
  [0.05, 0.2],
  [-0.4, -0.4],
];
const drawnDepths = [1, 2, 3];
const points = 25;

export default claim({
  code: "LN-08",
  id: "linear/single-output",
  title: "With one output, depth adapts the step and remembers the direction",
  statement: String.raw`For networks with one output, $n$ balanced layers move along gradient flow as
    $$\dot w=-\|w\|^{2-2/n}\Big(\nabla\ell+(n-1)\frac{\langle w,\nabla\ell\rangle}{\|w\|^2}w\Big).$$
    The step adapts to $\|w\|$, small near 0, where $n\ge2$ layers rest; and along the direction traveled so far $w$ is $n$ times as fast as
    across it.`,
  source: "Arora, Cohen & Hazan, arXiv:1802.06509, Claim 2; Cohen & Razin, arXiv:2408.13767",
  status: "proved",
  seconds: 1,
  settings,
  full: { dimensions: [2, 5, 20, 100], draws: 30 },

  predict(chosen) {
    const times = pathTimes(chosen);
    return {
      velocities: problems(chosen).map(({ w, gradient, depth }) =>
        singleOutputVelocity(Array.from(w), Array.from(gradient), depth),
      ),
      paths: drawnDepths.map((depth) =>
        starts.map((start) =>
          integrate(
            (w) => singleOutputVelocity(w, [w[0]! - target[0]!, w[1]! - target[1]!], depth),
            start,
            times,
          ),
        ),
      ),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const all = problems(chosen);
    const byLayers: Float64Array[] = [];
    const byMatrix: Float64Array[] = [];
    for (const [k, { w, gradient, depth, seed }] of all.entries()) {
      signal.throwIfAborted();
      const network = await balancedFactors(engine, row(w), { depth, width: 2, seed });
      byLayers.push((await layerVelocity(engine, network, row(gradient))).data);
      byMatrix.push((await endToEndVelocity(engine, row(w), row(gradient), depth)).data);
      progress((0.7 * (k + 1)) / all.length);
    }
    const [along, across]: [number[], number[]] = [[], []];
    for (const depth of chosen.depths) {
      const network = await balancedFactors(engine, row([0.6, 0.8]), { depth, seed: 0 });
      along.push(Math.hypot(...(await layerVelocity(engine, network, row([0.6, 0.8]))).data));
      across.push(Math.hypot(...(await layerVelocity(engine, network, row([-0.8, 0.6]))).data));
    }
    const loss = factorizationLoss(row(target));
    const paths: number[][][][] = [];
    for (const depth of drawnDepths) {
      const own: number[][][] = [];
      for (const start of starts) {
        const network = await balancedFactors(engine, row(start), { depth });
        const { states } = await factorFlow(engine, network, loss, { times: pathTimes(chosen), signal });
        const path: number[][] = [];
        for (const state of states) path.push(Array.from((await endToEnd(engine, state)).data));
        own.push(path);
      }
      paths.push(own);
    }
    return { byLayers, byMatrix, ratios: along.map((speed, i) => speed / across[i]!), paths };
  },

  judge({ velocities }, { byLayers, byMatrix, ratios }, { depths }) {
    const error = (found: readonly Float64Array[]): number =>
      Math.max(
        ...velocities.map(
          (velocity, k) => distance(found[k]!, Float64Array.from(velocity)) / Math.hypot(...velocity),
        ),
      );
    return verdict([
      atMost("relative error of ẇ, product rule on balanced layers", error(byLayers), 1e-12, 0),
      atMost("relative error of ẇ, end-to-end dynamics of a 1 × d matrix", error(byMatrix), 1e-12, 0),
      ...depths.map((depth, i) =>
        within(
          `speed along w / speed across it, n = ${depth}`,
          ratios[i]!,
          depth - 1e-10,
          depth + 1e-10,
          depth,
        ),
      ),
    ]);
  },

  figures: (predicted, measured, { duration }) => [
    {
      name: "paths",
      title: "Paths in the plane",
      caption: String.raw`Gradient flow on $\frac12\|w-\varphi\|^2$, $\varphi=(1,0.5)$. Marks are equally apart in time, $t=0$ to ${duration}, so that their distance is
        the speed. Without depth all go straight. Layers turn paths: movement along $w$, towards the origin or away from it, comes first,
        and close to 0 all waits.`,
      spec: panels({
        panels: drawnDepths.map((depth, i) => ({
          title: `n = ${depth}`,
          x: { title: "w₁", domain: [-0.5, 1.2] as const },
          y: { title: "w₂", domain: [-0.5, 1] as const },
          series: starts.flatMap((start, k) => [
            {
              label: `from (${start.join(", ").replaceAll("-", "−")})`,
              role: "prediction" as const,
              points: predicted.paths[i]![k]!.map(([x, y]) => ({ x: x!, y: y! })),
            },
            {
              label: `from (${start.join(", ").replaceAll("-", "−")})`,
              role: "measurement" as const,
              points: measured.paths[i]![k]!.map(([x, y]) => ({ x: x!, y: y! })),
            },
          ]),
        })),
      }),
    },
  ],
});

function problems({ depths, dimensions, draws, seed }: Settings) {
  const generator = random(seed);
  return depths.flatMap((depth) =>
    dimensions.flatMap((d) =>
      Array.from({ length: draws }, () => ({
        depth,
        w: gaussianVector(d, generator),
        gradient: gaussianVector(d, generator),
        seed: generator.integer(2 ** 31),
      })),
    ),
  );
}

function pathTimes({ duration }: Settings): number[] {
  return Array.from({ length: points + 1 }, (_, k) => (k * duration) / points);
}

/** 1 × d. */
function row(values: ArrayLike<number>): Matrix<Float64Array> {
  return { data: Float64Array.from(values), rows: 1, cols: values.length };
}
