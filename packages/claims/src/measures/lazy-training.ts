import {
  type ActivationChoice,
  centered,
  denseNetwork,
  type Engine,
  type Matrix,
  type Model,
  type Random,
  random,
  rowRange,
  tangentKernel,
  trainingSteps,
} from "lineament";
import { z } from "zod";
import type { Laboratory } from "../claim.ts";
import { spherePoints, unitVector } from "../data/index.ts";
import { geometricMean, rootMeanSquare, standardDeviation } from "./statistics.ts";

/** The settings of `lazyTraining`, for claims to extend. */
export const lazySettings = z.object({
  dimension: z.int().min(2).max(100).default(10).describe("input dimension d"),
  samples: z.int().min(2).max(200).default(20).describe("training points n"),
  testPoints: z.int().min(1).max(1000).default(50).describe("points at which outputs are compared"),
  targetNorm: z
    .number()
    .min(0.1)
    .max(3)
    .default(0.8)
    .describe(
      "‖b‖ of the target ⟨b, x⟩ + ½(⟨b, x⟩² − 1); the larger the labels, the wider a lazy network must be",
    ),
  widths: z
    .array(z.int().min(4).max(16_384).multipleOf(2))
    .min(2)
    .max(8)
    .default([64, 256, 1024])
    .describe("neurons N, even numbers"),
  rate: z
    .number()
    .min(0.01)
    .max(1)
    .default(0.2)
    .describe(
      "step of gradient descent in units of 1/λ_max of the first kernel (the linearization is stable below 2)",
    ),
  steps: z.int().min(20).max(5000).default(200).describe("steps of gradient descent"),
  redraws: z.int().min(1).max(50).default(10).describe("data sets, each with networks of all widths"),
  seed: z.int().min(0).default(0).describe("seed of data and networks"),
});

type LazySettings = z.output<typeof lazySettings>;

/** Exponents a of the output scale γ = N^−a that are compared: kernel regime, between, mean field. */
export const lazyScalings = [0.5, 0.75, 1] as const;

/** One network in training. Lists are over `recordedSteps`, from 0 at the start. */
export interface LazyRun {
  readonly width: number;
  /** a of γ = N^−a. */
  readonly scaling: number;
  /** rms difference from the linearized network at the test points / rms label there. */
  readonly gaps: readonly number[];
  /** ‖θ_t − θ_0‖ / ‖θ_0‖. */
  readonly movements: readonly number[];
  /** ‖K_t − K_0‖ / ‖K_0‖ of the tangent kernel of the training points (Frobenius). */
  readonly kernelChanges: readonly number[];
}

/** What is trained: γ Σ a_i σ(⟨w_i, x⟩), both layers, a_i = ±1 symmetrized or all +1 with f_{θ_0} subtracted. */
export interface LazyNetworks {
  readonly activation: ActivationChoice;
  readonly signs: "random" | "all +1";
}

const records = 20;

/** The steps at which runs are looked at: 0, and twenty equally spaced ones up to the last. */
export function recordedSteps(steps: number): number[] {
  return Array.from({ length: records + 1 }, (_, k) => Math.round((k * steps) / records));
}

/**
 * Trains networks of all widths and scalings, and their linearizations, by gradient descent on ½‖f − y‖² with one step: a fifth
 * (`rate`) of 1/λ_max of the tangent kernel at the start. All widths and scalings of a redraw see the same data.
 *
 * @throws RangeError when a network diverges
 */
export async function lazyTraining(
  chosen: LazySettings,
  { activation, signs }: LazyNetworks,
  { engine, signal, progress }: Laboratory,
): Promise<LazyRun[]> {
  const { dimension, widths, redraws, seed } = chosen;
  const generator = random(seed);
  const work = redraws * widths.reduce((sum, width) => sum + width, 0);
  let done = 0;
  const runs: LazyRun[] = [];
  for (let redraw = 0; redraw < redraws; redraw++) {
    const data = examples(chosen, generator);
    const networkSeed = generator.integer(2 ** 32);
    for (const width of widths) {
      for (const scaling of lazyScalings) {
        const network = denseNetwork(engine, {
          inputs: dimension,
          widths: [width],
          activation,
          parameterization: { kind: "scaled", gamma: width ** -scaling },
          ...(signs === "random" ? { symmetrized: true } : { readout: "ones" }),
        });
        const start = network.initialize(networkSeed);
        const model = signs === "random" ? network : centered(network, start);
        runs.push({
          width,
          scaling,
          ...(await besideLinearization(engine, model, start, data, chosen, signal)),
        });
      }
      done += width;
      progress(done / work, `N = ${width}`);
    }
  }
  return runs;
}

/** The largest value of a quantity in training, against width. */
export interface WidthLaw {
  readonly x: number;
  /** Geometric mean over redraws. */
  readonly y: number;
  /** Its standard error. */
  readonly error: number;
}

type Quantity = "gaps" | "movements" | "kernelChanges";

/** What the networks of one scaling did at most, width by width. */
export function largestByWidth(runs: readonly LazyRun[], scaling: number, quantity: Quantity): WidthLaw[] {
  const chosen = runs.filter((run) => run.scaling === scaling);
  return [...new Set(chosen.map(({ width }) => width))].map((x) => {
    const largest = chosen.filter(({ width }) => width === x).map((run) => Math.max(...run[quantity]));
    const y = geometricMean(largest);
    return { x, y, error: (y * standardDeviation(largest.map(Math.log))) / Math.sqrt(largest.length) };
  });
}

/** The geometric mean over redraws at every recorded step; 0 at the start. */
export function duringTraining(
  runs: readonly LazyRun[],
  { scaling, width }: Pick<LazyRun, "scaling" | "width">,
  quantity: Quantity,
): number[] {
  const chosen = runs.filter((run) => run.scaling === scaling && run.width === width);
  return chosen[0]![quantity].map((_, at) => geometricMean(chosen.map((run) => run[quantity][at]!)));
}

interface Examples {
  /** Training points, then test points. */
  readonly x: Matrix<Float64Array>;
  readonly y: Float64Array;
}

/** Points on the sphere, labeled ⟨b, x⟩ + ½(⟨b, x⟩² − 1). */
function examples(
  { dimension: d, samples, testPoints, targetNorm }: LazySettings,
  generator: Random,
): Examples {
  const x = spherePoints(samples + testPoints, d, generator);
  const direction = unitVector(d, generator);
  const y = Float64Array.from({ length: x.rows }, (_, i) => {
    const along = targetNorm * direction.reduce((sum, b, j) => sum + b * x.data[i * d + j]!, 0);
    return along + (along ** 2 - 1) / 2;
  });
  return { x, y };
}

async function besideLinearization(
  engine: Engine,
  model: Model,
  start: Float64Array,
  { x, y }: Examples,
  { samples: n, steps, rate }: Pick<LazySettings, "samples" | "steps" | "rate">,
  signal: AbortSignal,
): Promise<Pick<LazyRun, "gaps" | "movements" | "kernelChanges">> {
  const [train, test] = [rowRange(x, 0, n), rowRange(x, n, x.rows)];
  const { kernel } = await tangentKernel(model, start, x, train);
  const first = kernel.data.slice(0, n * n);
  const { values } = await engine.eigenSymmetric({ data: first.slice(), rows: n, cols: n });
  const learningRate = rate / values.at(-1)!;
  // The linearized model needs no parameters: its outputs move by −η K (f − y).
  const linear = (await model.value(start, x)).data.slice();
  const labelSize = rootMeanSquare(y.subarray(n));
  const recorded = recordedSteps(steps);
  const run = { gaps: [] as number[], movements: [] as number[], kernelChanges: [] as number[] };
  const labels = { data: y.subarray(0, n), rows: n, cols: 1 };
  for await (const { step, outcome, parameters } of trainingSteps(model, start, {
    x: train,
    y: labels,
    learningRate,
    steps,
    signal,
  })) {
    if (outcome === "diverged")
      throw new RangeError(`lazyTraining: diverged at step ${step} with rate = ${rate}; give a smaller one`);
    if (recorded.includes(step)) {
      const { data } = await model.value(parameters, test);
      run.gaps.push(rootMeanSquare(data.map((f, i) => f - linear[n + i]!)) / labelSize);
      run.movements.push(relativeChange(parameters, start));
      run.kernelChanges.push(
        relativeChange((await tangentKernel(model, parameters, train)).kernel.data, first),
      );
    }
    const residual = linear.slice(0, n).map((f, i) => learningRate * (f - y[i]!));
    for (let i = 0; i < x.rows; i++)
      for (let j = 0; j < n; j++) linear[i]! -= kernel.data[i * n + j]! * residual[j]!;
  }
  return run;
}

/** ‖now − first‖ / ‖first‖. */
function relativeChange(now: Float64Array, first: Float64Array): number {
  let [change, size] = [0, 0];
  for (let at = 0; at < first.length; at++) {
    change += (now[at]! - first[at]!) ** 2;
    size += first[at]! ** 2;
  }
  return Math.sqrt(change / size);
}
