import { type Engine, type Matrix, random, zeros } from "../linalg/index.ts";
import { createArena, judgePredictions, type MachineSetup, validationLoss } from "./automatic/evaluation.ts";
import { greedyAverage } from "./automatic/greedy-average.ts";
import { PLANS } from "./automatic/plan.ts";
import { heldOutRows, type Member, refitMember, type Refitted } from "./automatic/refit.ts";
import { averageCalibration, searchMachines, type SearchResult } from "./automatic/search.ts";
import { type Calibration, calibrate } from "./calibration.ts";
import { FeatureMachine } from "./feature-machine.ts";
import { decodeValues, type LearningProblem, takeTarget, type Target } from "./learning-problem.ts";
import type { ResolvedFitOptions } from "./options.ts";
import { crossValidationFolds, holdout } from "./validation.ts";
import { kernelName } from "../kernels/index.ts";

/** Where a fit is. `fraction` runs from 0 to 1 over the whole fit, roughly in proportion to time. */
export interface FitProgress {
  readonly stage: "screening" | "comparing" | "fitting";
  readonly fraction: number;
  readonly message: string;
}

export interface FitControl {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FitProgress) => void) | undefined;
}

/**
 * Fits a feature machine to a prepared problem: chooses (or takes) the members, then fits each on all rows.
 * The validation rules are those of the search; test rows never enter.
 */
export async function fitFeatureMachine(engine: Engine, given: LearningProblem, options: ResolvedFitOptions, { signal, onProgress }: FitControl = {}): Promise<FeatureMachine> {
  const started = performance.now();
  const problem = options.classWeights === "balanced" ? withBalancedClasses(given) : given;
  const plan = PLANS[options.effort];
  const chosen = options.machine
    ? await chooseIterate(engine, problem, options, signal)
    : await searchMachines(
        engine,
        problem,
        { ...plan.search, deadline: options.seconds === undefined ? undefined : started + 600 * options.seconds },
        {
          seed: options.seed,
          signal,
          onProgress: ({ stage, done, of, loss }) =>
            onProgress?.({
              stage,
              fraction: stage === "screening" ? (0.45 * done) / of : 0.45 + (0.25 * done) / of,
              message: `${stage === "screening" ? "comparing candidates on few rows" : "comparing the best on more rows"}: ${done} of ${of}, best loss ${loss.toPrecision(4)}`,
            }),
        },
      );
  const refitPlan = options.machine ? { metricRows: Infinity, solveRows: Infinity, heldOutAbove: Infinity } : plan.refit;
  const heldOut = heldOutRows(problem, refitPlan, options.seed + 3);
  const refitted: Refitted[] = [];
  for (const [at, { setup, ridges, calibration, weight }] of chosen.members.entries()) {
    onProgress?.({
      stage: "fitting",
      fraction: 0.7 + (0.3 * at) / chosen.members.length,
      message: `fitting machine ${at + 1} of ${chosen.members.length} on all ${problem.x.coordinates.rows} rows`,
    });
    refitted.push(await refitMember(engine, problem, { ...setup, ridges, calibration, weight }, refitPlan, heldOut, { seed: options.seed + 5, signal }));
  }
  onProgress?.({ stage: "fitting", fraction: 1, message: "fitted" });
  const { target } = problem;
  const final =
    heldOut.length > 0
      ? reweigh(refitted, takeTarget(target, heldOut), problem.weights && Float64Array.from(heldOut, (i) => problem.weights![i]!))
      : { members: refitted.map(({ member }) => member), calibration: chosen.calibration, predictions: chosen.predictions, target: chosen.target };
  return new FeatureMachine(engine, {
    task: target.task,
    outputs: target.task === "regression" ? target.y.cols : target.classes,
    x: problem.x,
    blockSizes: problem.blockSizes,
    groups: problem.groups,
    members: final.members,
    calibration: final.calibration,
    validation: { predictions: final.predictions, target: final.target },
    summary: { evaluated: chosen.evaluated, loss: chosen.loss, bestSingleLoss: chosen.bestSingleLoss, leaderboard: chosen.leaderboard },
  });
}

/**
 * Calibrates members at full size on rows they were in effect not fitted on, and moves their weights half way to what a
 * greedy average of those predictions wants.
 */
function reweigh(
  refitted: readonly Refitted[],
  target: Target,
  weights: Float64Array | undefined,
): { members: Member[]; calibration: Calibration | undefined; predictions: Matrix<Float64Array>; target: Target } {
  const judged = refitted.map(({ member, heldOutValues }) => ({ member, ...judgePredictions(decodeValues(member.coding, heldOutValues!), target, weights) }));
  const shares = greedyAverage(judged.map(({ predictions }) => predictions), (p) => validationLoss(p, target, weights), { steps: 12, members: judged.length });
  const members = judged.map(({ member, calibration }, at) => ({ ...member, recipe: { ...member.recipe, calibration, weight: (member.recipe.weight + shares[at]!) / 2 } }));
  const averaged = zeros(judged[0]!.predictions.rows, judged[0]!.predictions.cols);
  judged.forEach(({ predictions }, at) => {
    for (let i = 0; i < averaged.data.length; i++) averaged.data[i]! += members[at]!.recipe.weight * predictions.data[i]!;
  });
  const calibration = target.task === "classification" ? averageCalibration(averaged, target.labels, weights) : undefined;
  return { members, calibration, predictions: calibration ? calibrate(calibration, averaged) : averaged, target };
}

type Choice = Pick<SearchResult, "calibration" | "predictions" | "target" | "loss" | "bestSingleLoss" | "evaluated"> & {
  readonly members: readonly Pick<SearchResult["members"][number], "setup" | "ridges" | "calibration" | "weight">[];
  readonly leaderboard: readonly { readonly name: string; readonly loss: number; readonly rounds: number }[];
};

/** The given machine at its best iterate: by 5 folds below 500 rows, else by a 20 % holdout of at most 10,000 rows. */
async function chooseIterate(engine: Engine, problem: LearningProblem, { machine, seed }: ResolvedFitOptions, signal: AbortSignal | undefined): Promise<Choice> {
  const { kernel, bandwidth, iterations, ridge, metric, power, shrinkage, view, logarithm, agopRows, precision } = machine!;
  const n = problem.x.coordinates.rows;
  const splitOptions = { labels: problem.target.task === "classification" ? problem.target.labels : undefined, groups: problem.rowGroups };
  const folds = n < 500 ? crossValidationFolds(n, Math.min(5, n), random(seed), splitOptions) : [holdout(n, 0.2, 10_000, random(seed), splitOptions)];
  const setup: MachineSetup = { view, targetMeans: false, logarithm, settings: { kernel, bandwidth, form: metric, power, shrinkage, agopRows, precision } };
  const arena = createArena(engine, problem, folds, { seed, signal });
  const iterates = await arena.evaluate(setup, iterations, ridge === undefined ? { kind: "search" } : { kind: "fixed", ridges: [ridge] });
  const best = iterates.reduce((a, b) => (b.loss < a.loss ? b : a));
  return {
    members: [{ ...best, weight: 1 }],
    calibration: undefined,
    predictions: best.predictions,
    target: arena.target,
    loss: best.loss,
    bestSingleLoss: best.loss,
    evaluated: 1,
    leaderboard: iterates.map(({ loss, ridges }) => ({ name: kernelName(kernel), loss, rounds: ridges.length - 1 })),
  };
}

/** Weights n / (K n_k), times the given ones. */
function withBalancedClasses(problem: LearningProblem): LearningProblem {
  const { target, weights } = problem;
  if (target.task === "regression") return problem;
  const counts = new Float64Array(target.classes);
  for (const label of target.labels) counts[label]!++;
  const n = target.labels.length;
  return { ...problem, weights: Float64Array.from(target.labels, (label, i) => ((weights?.[i] ?? 1) * n) / (target.classes * counts[label]!)) };
}
