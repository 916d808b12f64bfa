import { z } from "zod";
import { atLeast, claim, verdict, within } from "../claim.ts";
import { bars, curves } from "../figures/index.ts";
import { type Acceleration, median, regressionAcceleration } from "../measures/index.ts";

const settings = z.object({
  power: z
    .union([z.literal(2), z.literal(4)])
    .default(2)
    .describe(
      "p of the loss 1/(pN) Σ |⟨w, xᵢ⟩ − yᵢ|^p that is said not to be accelerated; held against p = 4",
    ),
  samples: z.int().min(50).max(5000).default(400).describe("examples N"),
  dimension: z.int().min(2).max(200).default(20).describe("inputs d"),
  dataSets: z.int().min(1).max(50).default(5).describe("data sets"),
  cap: z.int().min(500).max(100_000).default(6000).describe("iterations at most"),
  seed: z.int().min(0).default(0).describe("seed of data and starts"),
});

const depths = [1, 2, 3] as const;

/** Where the median speed-up at depths 2 and 3 must lie, and by what p = 4 must exceed it. */
const ranges = [
  [0.7, 1.3],
  [0.5, 1.2],
] as const;
const least = 1.7;

export default claim({
  code: "LN-13",
  id: "linear/no-acceleration",
  title: "Depth does not speed up least squares",
  statement: String.raw`On $\ell_2$ regression gradient descent on two or three layers, each hidden one a single neuron, is about as fast as on the linear
    model, each with its best constant step. The curvature is the same everywhere: a step that adapts to $\|w\|$ buys nothing, and the
    plateau near zero costs something. On the same data with $\ell_4$ depth does help.`,
  source: "Arora, Cohen & Hazan, arXiv:1802.06509; lecture notes on linear networks",
  status: "checked",
  seconds: 15,
  settings,
  full: { samples: 2000, dimension: 100, dataSets: 20 },

  /** Speed-ups, and by what factor p = 4 exceeds them at least. */
  predict: () => ({ speedUp: 1, quarticGain: least }),

  async measure({ power, ...chosen }, { engine, signal, progress }) {
    const run = (p: number, from: number): Promise<Acceleration> =>
      regressionAcceleration(
        engine,
        chosen,
        { power: p, depths },
        { signal, progress: (part) => progress(from + part / 2) },
      );
    return { squares: await run(power, 0), quartic: await run(4, 0.5) };
  },

  judge({ speedUp, quarticGain }, { squares, quartic }, { power }) {
    return verdict(
      ranges.flatMap(([low, high], i) => {
        const depth = depths[i + 1]!;
        const middle = median(speedUps(squares, i + 1));
        const gain = median(speedUps(quartic, i + 1)) / middle;
        return [
          within(`median speed-up by ${depth} layers, p = ${power}`, middle, low, high, speedUp),
          atLeast(`median speed-up by ${depth} layers, p = 4, / that of p = ${power}`, gain, quarticGain),
        ];
      }),
    );
  },

  figures(predicted, { squares, quartic }, { power }) {
    const sets = squares.best.map((_, k) => `${k + 1}`);
    return [
      {
        name: "loss",
        title: `Training loss of ℓ${power} regression, each depth with its best step`,
        caption:
          "Loss as a part of the loss at the start, on the first data set. All depths arrive at about the same time.",
        spec: curves({
          x: { title: "iterations" },
          y: { title: "loss / loss at the start", scale: "log" },
          series: depths.map((depth, i) => {
            const losses = squares.curves[i]!;
            const every = Math.ceil(losses.length / 40);
            return {
              label: depth === 1 ? "1 layer" : `${depth} layers`,
              role: "measurement" as const,
              points: losses.flatMap((y, x) => (x % every === 0 ? [{ x, y }] : [])),
            };
          }),
        }),
      },
      {
        name: "speed-ups",
        title: "Speed-up by depth, best step against best step",
        caption: String.raw`Iterations of one layer divided by those of two or three, on each data set. Dashed: no gain.`,
        spec: bars({
          x: { title: "data set", categories: sets },
          y: { title: "speed-up" },
          series: [
            ...[1, 2].flatMap((i) =>
              [
                { acceleration: squares, p: power },
                { acceleration: quartic, p: 4 },
              ].map(({ acceleration, p }, k) => ({
                label: `${depths[i]!} layers, p = ${p}${k === 1 && power === 4 ? " (again)" : ""}`,
                role: "measurement" as const,
                values: speedUps(acceleration, i),
              })),
            ),
            { label: "no gain", role: "bound" as const, values: sets.map(() => predicted.speedUp) },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`With $p=4$ in place of $p=2$ depth does help.`,
    settings: { power: 4, dataSets: 2 },
  },
});

function speedUps({ best }: Acceleration, i: number): number[] {
  return best.map((found) => found[0]!.iterations / found[i]!.iterations);
}
