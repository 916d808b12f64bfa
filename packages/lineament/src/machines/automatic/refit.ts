import { type Engine, type Matrix, permutation, random } from "../../linalg/index.ts";
import type { Kernel, Metric } from "../../kernels/index.ts";
import type { Calibration } from "../calibration.ts";
import { type FeatureProblem, firstMetric, nextMetric, solveRound } from "../feature-round.ts";
import { encodeTarget, fitTargetCoding, type LearningProblem, takeProblem, type TargetCoding } from "../learning-problem.ts";
import { subsample } from "../validation.ts";
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

/** A fitted member: rows → view → mean of the expansions → decoded → calibrated. */
export interface Member {
  readonly recipe: MemberRecipe;
  readonly view: View;
  readonly coding: TargetCoding;
  readonly expansions: readonly MemberExpansion[];
  /** Largest jitter that any of the final solves needed; 0 usually. */
  readonly jitter: number;
}

export interface RefitPlan {
  /** Rows that the metric is learned on. */
  readonly metricRows: number;
  /** Most rows of one solve; more rows are divided evenly into several expansions, which are averaged. */
  readonly solveRows: number;
}

/** Fits one member on all rows of the problem, replaying its path of ridges. */
export async function refitMember(
  engine: Engine,
  problem: LearningProblem,
  recipe: MemberRecipe,
  plan: RefitPlan,
  { seed, signal }: { readonly seed: number; readonly signal?: AbortSignal | undefined },
): Promise<Member> {
  const { settings, ridges } = recipe;
  const { x, blockSizes, groups, weights, target } = problem;
  const n = x.coordinates.rows;
  const generator = random(seed);
  const labels = target.task === "classification" ? target.labels : undefined;
  const coding = fitTargetCoding(target, recipe.logarithm, weights);
  const y = encodeTarget(coding, target);
  const view = fitView(recipe.view, recipe.targetMeans, { x, y, groups, blockSizes });
  const take = (rows: Int32Array): FeatureProblem => {
    const part = takeProblem(problem, rows);
    return { x: applyView(view, part.x, blockSizes.length), blockSizes, y: encodeTarget(coding, part.target), weights: part.weights };
  };
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const pieces = Math.ceil(n / plan.solveRows);
  const size = Math.ceil(n / pieces);
  const updates = ridges.length - 1;
  const learning = updates > 0 ? subsample(all, plan.metricRows, generator, labels) : undefined;
  const memory = Math.max(size, learning?.length ?? 0);
  const scratch = engine.allocate(memory, memory, settings.precision);
  const square = (rows: number): Matrix => ({ data: scratch.data.subarray(0, rows * rows), rows, cols: rows });

  let metric = firstMetric({ x: applyView(view, takeProblem(problem, all.subarray(0, 1)).x, blockSizes.length), blockSizes, y });
  if (learning) {
    const part = take(learning);
    for (let t = 0; t < updates; t++) {
      const round = await solveRound(engine, part, settings, metric, [ridges[t]!], square(learning.length), generator, signal);
      const coefficients = round.solutions[0]!.coefficients;
      const next = coefficients && (await nextMetric(engine, part, settings, round, coefficients, generator, signal));
      if (!next) break;
      metric = next;
    }
  }
  const order = pieces === 1 ? all : permutation(n, generator);
  const expansions: MemberExpansion[] = [];
  let jitter = 0;
  for (let piece = 0; piece < pieces; piece++) {
    const rows = order.filter((_, at) => at % pieces === piece).sort();
    const part = take(rows);
    const round = await solveRound(engine, part, settings, metric, [ridges.at(-1)!], square(rows.length), generator, signal);
    const { coefficients, factor } = round.solutions[0]!;
    if (!coefficients) throw new RangeError(`the kernel matrix of ${rows.length} rows is not positive definite even with jitter; use a larger ridge`);
    jitter = Math.max(jitter, factor.jitter);
    const stored = engine.allocate(coefficients.rows, coefficients.cols, settings.precision);
    stored.data.set(coefficients.data);
    expansions.push({ rows, kernel: round.kernel, metric: round.metric, coefficients: stored });
  }
  return { recipe, view, coding, expansions, jitter };
}
