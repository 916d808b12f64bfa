import { type Engine, type Matrix, permutation, random, type Random, zeros } from "../../linalg/index.ts";
import type { Kernel, Metric } from "../../kernels/index.ts";
import type { Calibration } from "../calibration.ts";
import {
  type FeatureProblem,
  firstMetric,
  nextMetric,
  roundPredictions,
  solveRound,
} from "../feature-round.ts";
import { labelsOf } from "../labels-of.ts";
import {
  encodeTarget,
  fitTargetCoding,
  type LearningProblem,
  takeProblem,
  type TargetCoding,
} from "../learning-problem.ts";
import type { Partition } from "../tree/partition.ts";
import { holdout, subsample } from "../validation.ts";
import { applyView, fitView, type View } from "../view.ts";
import type { MachineSetup } from "./evaluation.ts";

/** What a member of the average is fitted with. */
export interface MemberRecipe extends MachineSetup {
  /** The ridge of every round. */
  readonly ridges: readonly number[];
  readonly calibration: Calibration | undefined;
  readonly weight: number;
}

/** One kernel expansion over some of the training rows. */
export interface MemberExpansion {
  /** Training rows that are the centers. */
  readonly rows: Int32Array;
  readonly kernel: Kernel;
  readonly metric: Metric;
  /** rows × c, in the precision of the machine. */
  readonly coefficients: Matrix;
}

/** A fitted member: rows → view → expansions → decoded → calibrated. */
export interface Member {
  readonly recipe: MemberRecipe;
  readonly view: View;
  readonly coding: TargetCoding;
  readonly expansions: readonly MemberExpansion[];
  /** How rows are shared among the expansions, its leaves. Without one, values are the mean of the expansions. */
  readonly partition?: Partition | undefined;
  /** Largest jitter that any of the final solves needed; 0 usually. */
  readonly jitter: number;
}

export interface RefitPlan {
  /** Rows that the metric is learned on. */
  readonly metricRows: number;
  /** Most rows of one solve; more rows are divided evenly into several expansions, which are averaged. */
  readonly solveRows: number;
  /** Above this many rows a part of them is held out of the metric and judged as if it had been left out of the solve too. */
  readonly heldOutAbove: number;
}

export interface Refitted {
  readonly member: Member;
  /** Values before decoding at the held-out rows, as if those had not been fitted; undefined without such rows. */
  readonly heldOutValues: Matrix<Float64Array> | undefined;
}

/** Rows that no metric, view or (in effect) coefficient is fitted on: at most 2,000 and a fifth; none for small problems. */
export function heldOutRows(
  { x, target, rowGroups }: LearningProblem,
  plan: RefitPlan,
  seed: number,
): Int32Array {
  const n = x.coordinates.rows;
  if (n <= plan.heldOutAbove) return new Int32Array(0);
  return holdout(n, 0.2, 2000, random(seed), { labels: labelsOf(target), groups: rowGroups }).validation;
}

/** Rows that are solved for when there is no time for more, beside those held out. */
export const QUICK_ROWS = 3000;
/** Rows that the metric is learned on then. */
export const QUICK_METRIC_ROWS = 2000;

export interface RefitOptions {
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * When it is aborted, metric updates end, and solves that are not begun are left out; before the first one, it is made on `QUICK_ROWS`
   * rows.
   */
  readonly enough?: AbortSignal | undefined;
  /** Memory for kernel matrices, of `largestSolve` rows and columns, so that members fitted in turn share it. */
  readonly memory?: Matrix | undefined;
}

/** Rows of the largest kernel matrix that fitting n rows takes. */
export function largestSolve(n: number, { metricRows, solveRows }: RefitPlan): number {
  const pieces = Math.ceil(n / solveRows);
  const first = Math.round(n / pieces);
  const others = pieces === 1 ? 0 : Math.ceil((n - first) / (pieces - 1));
  return Math.max(first, others, Math.min(n, metricRows));
}

/**
 * Fits one member on all rows of the problem, replaying its path of ridges. The held-out rows come last in the (first)
 * solve, whose factor then tells what the machine without them would have predicted there: honest predictions at full
 * size for calibration, weights and intervals, at no further solve.
 */
export async function refitMember(
  engine: Engine,
  problem: LearningProblem,
  recipe: MemberRecipe,
  plan: RefitPlan,
  heldOut: Int32Array,
  { seed, signal, enough, memory }: RefitOptions,
): Promise<Refitted> {
  const { settings, ridges } = recipe;
  const { blockSizes, groups, rawScale, weights, target } = problem;
  const n = problem.x.coordinates.rows;
  const generator = random(seed);
  const held = new Set(heldOut);
  const free = Int32Array.from({ length: n }, (_, i) => i).filter((i) => !held.has(i));
  const coding = fitTargetCoding(target, recipe.logarithm, weights);
  const seen = takeProblem(problem, free);
  const view = fitView(recipe.view, recipe.targetMeans, {
    x: seen.x,
    y: encodeTarget(coding, seen.target),
    groups,
    blockSizes,
    rawScale,
  });
  const take = (rows: Int32Array): FeatureProblem => {
    const part = takeProblem(problem, rows);
    return {
      x: applyView(view, part.x, blockSizes.length),
      blockSizes,
      y: encodeTarget(coding, part.target),
      weights: part.weights,
    };
  };
  const updates = ridges.length - 1;
  const labels = labelsOf(target);
  const learning = updates > 0 ? subsample(free, plan.metricRows, generator, labels) : new Int32Array(0);
  const pieces = divide(free, heldOut, plan.solveRows, generator);
  const largest = Math.max(learning.length, ...pieces.map((rows) => rows.length));
  const scratch = memory ?? engine.allocate(largest, largest, settings.precision);
  const square = (rows: number): Matrix => ({
    data: scratch.data.subarray(0, rows * rows),
    rows,
    cols: rows,
  });

  const part = take(learning.length > 0 ? learning : free.subarray(0, 1));
  let metric = firstMetric(part);
  let updated = 0;
  for (; updated < updates && !enough?.aborted; updated++) {
    const round = await solveRound(
      engine,
      part,
      settings,
      metric,
      [ridges[updated]!],
      square(learning.length),
      generator,
      { signal, refinements: 0 },
    );
    const coefficients = round.solutions[0]!.coefficients;
    const next =
      coefficients && (await nextMetric(engine, part, settings, round, coefficients, generator, signal));
    if (!next) break;
    metric = next;
  }
  const expansions: MemberExpansion[] = [];
  const heldPart = heldOut.length > 0 ? take(heldOut) : undefined;
  const heldOutValues = heldPart && zeros(heldOut.length, heldPart.y.cols);
  let jitter = 0;
  const quick = enough?.aborted
    ? [Int32Array.from([...subsample(free, QUICK_ROWS, generator, labels), ...heldOut])]
    : undefined;
  for (const [piece, rows] of (quick ?? pieces).entries()) {
    if (piece > 0 && enough?.aborted) break;
    const own = take(rows);
    const count = piece === 0 ? heldOut.length : 0;
    const round = await solveRound(
      engine,
      own,
      settings,
      metric,
      [ridges.at(-1)!],
      square(rows.length),
      generator,
      { signal, heldOut: count },
    );
    const { coefficients, factor, heldOutResiduals } = round.solutions[0]!;
    if (!coefficients)
      throw new RangeError(
        `the kernel matrix of ${rows.length} rows is not positive definite even with jitter; use a larger ridge`,
      );
    jitter = Math.max(jitter, factor.jitter);
    if (heldPart && heldOutValues) {
      const [direct] = heldOutResiduals
        ? []
        : await roundPredictions(engine, round, heldPart.x, settings.precision, signal);
      for (let at = 0; at < heldOutValues.data.length; at++)
        heldOutValues.data[at]! += heldOutResiduals
          ? heldPart.y.data[at]! - heldOutResiduals.data[at]!
          : direct!.data[at]!;
    }
    const stored = engine.allocate(coefficients.rows, coefficients.cols, settings.precision);
    stored.data.set(coefficients.data);
    expansions.push({ rows, kernel: round.kernel, metric: round.metric, coefficients: stored });
  }
  heldOutValues?.data.forEach((sum, at) => (heldOutValues.data[at] = sum / expansions.length));
  const path = [...ridges.slice(0, updated), ridges.at(-1)!];
  return { member: { recipe: { ...recipe, ridges: path }, view, coding, expansions, jitter }, heldOutValues };
}

/** Divides the rows evenly into solves of at most `size` rows, the held-out ones last in the first. */
function divide(free: Int32Array, heldOut: Int32Array, size: number, generator: Random): Int32Array[] {
  const n = free.length + heldOut.length;
  const count = Math.ceil(n / size);
  if (count === 1) return [Int32Array.from([...free, ...heldOut])];
  const order = permutation(free.length, generator);
  const first = Math.max(0, Math.round(n / count) - heldOut.length);
  const pieces = [order.subarray(0, first)];
  for (let piece = 1; piece < count; piece++)
    pieces.push(order.subarray(first).filter((_, at) => at % (count - 1) === piece - 1));
  return pieces.map((positions, piece) => {
    const rows = positions.map((at) => free[at]!).sort();
    return piece === 0 ? Int32Array.from([...rows, ...heldOut]) : rows;
  });
}
