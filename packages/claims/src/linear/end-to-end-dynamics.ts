import {
  balancedFactors,
  endToEnd,
  endToEndVelocity,
  factorizationLoss,
  factorSteps,
  lossAt,
  random,
  zeros,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict, within } from "../claim.ts";
import { gaussianLayers, gaussianMatrix, orthogonalMatrix, rowsOf } from "../data/index.ts";
import { curves, panels } from "../figures/index.ts";
import { distance, layerVelocity, logSlope } from "../measures/index.ts";
import {
  endToEndFlow,
  endToEndMatrix,
  endToEndVelocity as velocityByFormula,
  factorizationGradient,
} from "../predictions/index.ts";

/** Times at which runs are compared, besides t = 0. */
const points = 30;

const settings = z
  .object({
    depths: z
      .array(z.int().min(2).max(8))
      .min(1)
      .max(4)
      .default([2, 3, 4])
      .describe("layers n of the networks that are trained"),
    steps: z
      .array(z.number().min(1e-4).max(0.05))
      .min(2)
      .max(6)
      .default([0.02, 0.01, 0.005])
      .describe("step sizes η, descending"),
    duration: z.number().min(0.5).max(10).default(3).describe("last time T = ηk"),
    size: z
      .int()
      .min(1)
      .max(10)
      .default(3)
      .describe("rows and columns of the end-to-end matrix that is trained"),
    balanced: z.boolean().default(true).describe("whether layers are balanced at the start"),
    seed: z.int().min(0).default(0).describe("seed of matrices, layers and targets"),
  })
  .refine(({ steps, duration }) => steps.every((step) => wholeNumber(duration / points / step)), {
    path: ["steps"],
    message: "each must go a whole number of times into a thirtieth of the duration, where runs are compared",
  });
type Settings = z.output<typeof settings>;

/** Depth, rows, columns: where velocities are compared. */
const shapes = [[2, 3, 4], [3, 4, 4], [4, 5, 2], [5, 3, 3], [3, 1, 5]] as const; // prettier-ignore
/** Of the layers that must fail. */
const controlDepths = [2, 3];

export default claim({
  code: "LN-06",
  id: "linear/end-to-end-dynamics",
  title: "The product of balanced layers moves by an equation of its own",
  statement: String.raw`Gradient flow from a balanced start moves $W=W_n\cdots W_1$ by
    $$\dot W=-\sum_{j=1}^n(WW^\top)^{\frac{n-j}n}\,\nabla\ell(W)\,(W^\top W)^{\frac{j-1}n},$$
    with no reference to the layers. Gradient descent on the layers stays within $O(\eta)$ of its solution. Layers that are not balanced move
    otherwise.`,
  source: "Arora, Cohen & Hazan, arXiv:1802.06509, Theorem 1; Cohen & Razin, arXiv:2408.13767, Theorem 1",
  status: "proved",
  seconds: 1,
  settings,
  full: { steps: [0.02, 0.01, 0.005, 0.0025, 0.00125], size: 5 },

  predict(chosen) {
    const velocities = atRandomPoints(chosen).map(({ w, target, depth }) =>
      velocityByFormula(rowsOf(w), factorizationGradient(rowsOf(target))(rowsOf(w)), depth).flat(),
    );
    const controls = unbalancedLayers(chosen).map(({ layers, target }) => {
      const w = endToEndMatrix(layers.map(rowsOf));
      return velocityByFormula(w, factorizationGradient(rowsOf(target))(w), layers.length).flat();
    });
    const { start, target } = trainingProblem(chosen);
    const times = comparedTimes(chosen);
    const trajectories = chosen.depths.map((depth) =>
      endToEndFlow(
        { start: rowsOf(start), depth, gradientOf: factorizationGradient(rowsOf(target)) },
        times,
      ).map((w) => w.flat()),
    );
    return { velocities, controls, trajectories };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { depths, steps, duration, balanced } = chosen;
    const velocities: number[][] = [];
    const offered: number[][] = [];
    for (const { w, target, depth, seed } of atRandomPoints(chosen)) {
      const width = Math.min(w.rows, w.cols) + 1;
      const network = await balancedFactors(engine, w, { depth, width, seed });
      const { gradient } = await lossAt(factorizationLoss(target), w);
      const layers = balanced ? network : stretched(network);
      velocities.push(Array.from((await layerVelocity(engine, layers, gradient)).data));
      offered.push(Array.from((await endToEndVelocity(engine, w, gradient, depth)).data));
    }
    const controls: number[][] = [];
    for (const { layers, target } of unbalancedLayers(chosen)) {
      const { gradient } = await lossAt(factorizationLoss(target), await endToEnd(engine, layers));
      controls.push(Array.from((await layerVelocity(engine, layers, gradient)).data));
    }
    const { start, target } = trainingProblem(chosen);
    const loss = factorizationLoss(target);
    /** By depth and step size: W at the times of comparison. */
    const trajectories: number[][][][] = [];
    for (const [k, depth] of depths.entries()) {
      const network = await balancedFactors(engine, start, { depth });
      const own: number[][][] = [];
      for (const step of steps) {
        const apart = Math.round(duration / points / step);
        const path: number[][] = [];
        for await (const { step: at, endToEnd: w } of factorSteps(
          engine,
          balanced ? network : stretched(network),
          loss,
          { learningRate: step, steps: apart * points, signal },
        ))
          if (at % apart === 0) path.push(Array.from(w.data));
        own.push(path);
      }
      trajectories.push(own);
      progress((k + 1) / depths.length, `n = ${depth}`);
    }
    return { velocities, offered, controls, trajectories };
  },

  judge(predicted, measured, chosen) {
    const { depths, steps } = chosen;
    const errors = trajectoryErrors(predicted.trajectories, measured.trajectories);
    const relative = (found: readonly number[], theory: readonly number[]): number =>
      entryDistance(found, theory) / Math.hypot(...theory);
    return verdict([
      atMost(
        "largest relative error of Ẇ, product rule on layers",
        Math.max(...measured.velocities.map((found, k) => relative(found, predicted.velocities[k]!))),
        1e-11,
        0,
      ),
      atMost(
        "largest relative error of Ẇ, computed without layers",
        Math.max(...measured.offered.map((found, k) => relative(found, predicted.velocities[k]!))),
        1e-11,
        0,
      ),
      ...controlDepths.map((depth, k) =>
        atLeast(
          `relative error of Ẇ for unbalanced layers, n = ${depth}`,
          relative(measured.controls[k]!, predicted.controls[k]!),
          0.01,
        ),
      ),
      ...depths.flatMap((depth, i) => [
        within(
          `slope of ln(error) against ln η, n = ${depth}`,
          logSlope(steps.map((x, k) => ({ x, y: errors[i]![k]! }))),
          0.95,
          1.05,
          1,
        ),
        atMost(
          `largest error of an entry of W(t) at η = ${steps.at(-1)}, n = ${depth}`,
          errors[i]!.at(-1)!,
          1e-3,
        ),
      ]),
    ]);
  },

  figures(predicted, measured, chosen) {
    const { depths, steps, size } = chosen;
    const times = comparedTimes(chosen);
    const errors = trajectoryErrors(predicted.trajectories, measured.trajectories);
    const shown = [...new Set([0, 1, size + 1, size * size - 1])].filter((entry) => entry < size * size);
    return [
      {
        name: "entries",
        title: "Entries of the product",
        caption: String.raw`Four entries of $W(t)$. Lines solve the end-to-end dynamics, which know no layers; marks are gradient descent on $n$ layers at
          $\eta=${steps[0]}$.`,
        spec: panels({
          panels: depths.map((depth, i) => ({
            title: `n = ${depth}`,
            x: { title: "time t" },
            y: { title: "entry of W(t)" },
            series: shown.flatMap((entry) => {
              const label = `row ${Math.floor(entry / size) + 1}, column ${(entry % size) + 1}`;
              const along = (path: readonly (readonly number[])[]) =>
                path.map((w, k) => ({ x: times[k]!, y: w[entry]! }));
              return [
                { label, role: "prediction" as const, points: along(predicted.trajectories[i]!) },
                {
                  label,
                  role: "measurement" as const,
                  points: along(measured.trajectories[i]![0]!).filter((_, k) => k % 2 === 0),
                },
              ];
            }),
          })),
        }),
      },
      {
        name: "error",
        title: "Gradient descent follows within O(η)",
        caption: String.raw`Largest distance of an entry between gradient descent on layers and the end-to-end dynamics, at any time. Lines: slope 1, level
          fitted to the smallest step.`,
        spec: curves({
          x: { title: "step size η", scale: "log" },
          y: { title: "largest error of an entry", scale: "log" },
          series: depths.flatMap((depth, i) => [
            {
              label: `n = ${depth}`,
              role: "prediction" as const,
              points: steps.map((x) => ({ x, y: (errors[i]!.at(-1)! * x) / steps.at(-1)! })),
            },
            {
              label: `n = ${depth}`,
              role: "measurement" as const,
              points: steps.map((x, k) => ({ x, y: errors[i]![k]! })),
            },
          ]),
        }),
      },
    ];
  },

  contrast: {
    statement: "Layers with the same product that are not balanced leave the solution.",
    settings: { balanced: false },
  },
});

function atRandomPoints({ seed }: Settings) {
  const generator = random(seed);
  return shapes.map(([depth, rows, cols]) => ({
    depth,
    w: gaussianMatrix(rows, cols, generator),
    target: gaussianMatrix(rows, cols, generator),
    seed: generator.integer(2 ** 31),
  }));
}

function unbalancedLayers({ seed }: Settings) {
  const generator = random(seed + 1);
  return controlDepths.map((depth) => ({
    layers: gaussianLayers(Array<number>(depth + 1).fill(3), generator, { std: 1 }),
    target: gaussianMatrix(3, 3, generator),
  }));
}

/**
 * A target with singular values from 1 to ½ in random directions, and a start that is three tenths of it and some noise: far from the
 * matrices of lower rank, where the flow would magnify errors.
 */
function trainingProblem({ size, seed }: Settings) {
  const generator = random(seed + 2);
  const [u, v] = [orthogonalMatrix(size, generator), orthogonalMatrix(size, generator)];
  const target = zeros(size, size);
  for (let r = 0; r < size; r++) {
    const value = size === 1 ? 1 : 1 - (0.5 * r) / (size - 1);
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        target.data[i * size + j]! += value * u.data[r * size + i]! * v.data[r * size + j]!;
  }
  const data = target.data.map((value) => 0.3 * value + 0.05 * generator.normal());
  return { target, start: { ...target, data } };
}

function comparedTimes({ duration }: Settings): number[] {
  return Array.from({ length: points + 1 }, (_, k) => (k * duration) / points);
}

/** The same product with W_1 twice and W_2 half as large. */
function stretched(network: Awaited<ReturnType<typeof balancedFactors>>) {
  return network.map((w, j) => ({
    ...w,
    data: w.data.map((value) => (j === 0 ? 2 : j === 1 ? 0.5 : 1) * value),
  }));
}

/** By depth and step size: the largest distance of an entry over all times. */
function trajectoryErrors(
  predicted: readonly (readonly (readonly number[])[])[],
  measured: readonly (readonly (readonly (readonly number[])[])[])[],
): number[][] {
  return measured.map((runs, i) =>
    runs.map((path) =>
      Math.max(...path.flatMap((w, k) => w.map((value, e) => Math.abs(value - predicted[i]![k]![e]!)))),
    ),
  );
}

/** ‖a − b‖. */
function entryDistance(a: readonly number[], b: readonly number[]): number {
  return distance(Float64Array.from(a), Float64Array.from(b));
}

function wholeNumber(value: number): boolean {
  return Math.round(value) >= 1 && Math.abs(value - Math.round(value)) < 1e-9;
}
