import { type Engine, type Matrix, random } from "../../linalg/index.ts";
import { kernelName, type Metric } from "../../kernels/index.ts";
import { mapRows, type RowSource, rowsInMemory, takeChunkRows } from "../../solvers/index.ts";
import { judgePredictions, type MachineSetup } from "../automatic/evaluation.ts";
import type { Member } from "../automatic/refit.ts";
import { FeatureMachine } from "../feature-machine.ts";
import { firstMetric, type Round, roundPredictions } from "../feature-round.ts";
import type { FitControl } from "../fit-feature-machine.ts";
import {
  decodeValues,
  encodeTarget,
  fitTargetCoding,
  type LearningProblem,
  takePoints,
  takeProblem,
  type Target,
} from "../learning-problem.ts";
import { machinePrecision } from "../options.ts";
import { holdout, subsample } from "../validation.ts";
import { applyView, fitView } from "../view.ts";
import type { ResolvedNystromFitOptions } from "./options.ts";
import { nextNystromMetric, type NystromRoundProblem, solveNystromRound } from "./nystrom-round.ts";

/** Ridges among which validation chooses when none is given; all are solved in the same passes. */
const AUTOMATIC_RIDGES = [1e-3, 1e-1, 10];
/** Rows that the metric is learned on when the machine does not say. */
const METRIC_ROWS = 20_000;

/** How a running fit is watched, stopped, and given rows that do not fit into memory. */
export interface NystromControl extends Pick<FitControl, "signal" | "onProgress"> {
  /** When it is aborted, the best machine so far is the answer. */
  readonly enough?: AbortSignal | undefined;
  /**
   * Rows that the last solve passes over instead of the training rows of the problem: in input coordinates, targets as they are
   * (class numbers for classification). The problem is then a sample that view, centers, metric and validation come from.
   */
  readonly rows?: RowSource | undefined;
}

/** A machine under one metric, its ridge chosen on the validation rows. */
interface Choice {
  readonly iteration: number;
  readonly round: Round;
  readonly at: number;
  readonly coefficients: Matrix<Float64Array>;
  readonly values: Matrix<Float64Array>;
  readonly loss: number;
}

/**
 * Fits f(x) = Σ_j k(S x, S z_j) α_j on M centers z_j, a seeded sample of the training rows: metric updates on a sample of rows, as the
 * feature machine's, then one solve on all of them. A holdout of a fifth, at most 10,000 rows, picks the iterate, and the ridge
 * if none is given. The state's rows are the centers alone.
 *
 * @throws RangeError when nothing could be solved, or a logarithm of the target is asked for that does not exist
 */
export async function fitNystromMachine(
  engine: Engine,
  problem: LearningProblem,
  { centers: size, loss, machine, seed, tolerance, maxSteps, memory }: ResolvedNystromFitOptions,
  { signal, enough, rows: given, onProgress }: NystromControl = {},
): Promise<FeatureMachine> {
  const { kernel, bandwidth, iterations, ridge, view, logarithm, stopFactor, refit } = machine;
  const setup: MachineSetup = {
    view,
    targetMeans: false,
    logarithm,
    settings: {
      kernel,
      bandwidth,
      form: machine.metric,
      power: machine.power,
      normalization: machine.normalization,
      centered: machine.centered,
      shrinkage: machine.shrinkage,
      agopRows: machine.agopRows,
      precision: machinePrecision(machine),
    },
  };
  const { settings } = setup;
  const { blockSizes, target } = problem;
  const blocks = blockSizes.length;
  const n = problem.x.coordinates.rows;
  const labels = target.task === "classification" ? target.labels : undefined;
  if (logarithm) requirePositive(target);
  const logistic = loss === "logistic";
  if (logistic && !labels)
    throw new RangeError("loss: logistic regression predicts classes; use the squared loss for numbers");
  const generator = random(seed);
  const { train, validation } = holdout(n, 0.2, 10_000, random(seed), { labels, groups: problem.rowGroups });
  const [part, held] = [takeProblem(problem, train), takeProblem(problem, validation)];
  const fittedCoding = fitTargetCoding(part.target, logarithm, part.weights);
  const coding =
    logistic && fittedCoding.task === "classification"
      ? { ...fittedCoding, link: "softmax" as const }
      : fittedCoding;
  const y = encodeTarget(coding, part.target);
  const fitted = fitView(view, false, { ...part, y });
  const solved = (some: Target): Matrix =>
    logistic && some.task === "classification"
      ? { data: Float64Array.from(some.labels), rows: some.labels.length, cols: 1 }
      : encodeTarget(coding, some);
  const all = { x: applyView(fitted, part.x, blocks), y: solved(part.target), weights: part.weights };
  const heldX = applyView(fitted, held.x, blocks);
  const chosen = subsample(
    Int32Array.from(train, (_, i) => i),
    size,
    generator,
    labels && Int32Array.from(train, (i) => labels[i]!),
  );
  const centers = takeChunkRows(all, chosen);
  const ridges = ridge === undefined ? AUTOMATIC_RIDGES : [ridge];
  const name = kernelName(kernel);

  const problemOf = (source: RowSource): NystromRoundProblem => ({
    source,
    centers: centers.x,
    centerWeights: centers.weights,
    logistic: logistic && coding.task === "classification" ? coding : undefined,
  });
  const options = { tolerance, maxSteps, memory, signal, enough };
  const judged = async (iteration: number, round: Round): Promise<Choice | undefined> => {
    const values = await roundPredictions(engine, round, heldX, settings.precision, signal);
    let best: Choice | undefined;
    round.solutions.forEach(({ coefficients }, at) => {
      if (!coefficients) return;
      const own = { iteration, round, at, coefficients, values: values[at]! };
      const { loss: error } = judgePredictions(decodeValues(coding, own.values), held.target, held.weights);
      if (Number.isFinite(error) && (!best || error < best.loss)) best = { ...own, loss: error };
    });
    return best;
  };

  // The metric, on a sample of rows.
  const sampled = subsample(
    Int32Array.from(train, (_, i) => i),
    machine.metricRows ?? METRIC_ROWS,
    generator,
    labels && Int32Array.from(train, (i) => labels[i]!),
  );
  const complete = sampled.length === train.length && !given;
  const leaderboard: { name: string; loss: number; rounds: number }[] = [];
  const path: number[] = [];
  let metric: Metric = firstMetric({ x: all.x, blockSizes, y: all.y });
  let best: Choice | undefined;
  const share = complete ? 0.95 : 0.4;
  if (iterations > 0 || complete) {
    const few = sampled.length === train.length ? all : takeChunkRows(all, sampled);
    const source = rowsInMemory(few.x, few.y, few.weights);
    const gradientRows = takeChunkRows(
      few,
      subsample(
        Int32Array.from(sampled, (_, i) => i),
        settings.agopRows,
        generator,
      ),
    );
    for (let t = 0; t <= iterations && !enough?.aborted; t++) {
      const round = await solveNystromRound(engine, problemOf(source), settings, metric, ridges, generator, {
        ...options,
        onPass: (passes) =>
          onProgress?.({
            stage: "comparing",
            fraction: (share * (t + Math.min(1, passes / (maxSteps + 1)))) / (iterations + 1),
            message: `metric ${t} of ${iterations} on ${sampled.length} rows${best ? `, validation loss ${best.loss.toPrecision(4)}` : ""}`,
          }),
      });
      const iterate = await judged(t, round);
      if (!iterate) break;
      leaderboard.push({ name, loss: iterate.loss, rounds: t });
      path.push(round.solutions[iterate.at]!.ridge);
      if (!best || iterate.loss < best.loss) best = iterate;
      if (t === iterations || iterate.loss > stopFactor * best.loss) break;
      const next = await nextNystromMetric(
        engine,
        settings,
        round,
        iterate.coefficients,
        gradientRows,
        signal,
      );
      if (!next) break;
      metric = next;
    }
  }

  // The solve on all rows, under the metric that did best.
  const solveAll = async (
    source: RowSource,
    among: readonly number[],
    from: Choice | undefined,
  ): Promise<Choice | undefined> => {
    const round = await solveNystromRound(
      engine,
      problemOf(source),
      settings,
      from?.round.metric ?? metric,
      among,
      random(seed + 1),
      {
        ...options,
        start: from?.coefficients,
        onPass: (passes) =>
          onProgress?.({
            stage: "fitting",
            fraction: share + (1 - share) * Math.min(1, passes / (maxSteps + 1)),
            message: `pass ${Math.ceil(passes)} over ${source.rows} rows, ${chosen.length} centers`,
          }),
      },
    );
    return await judged(from?.iteration ?? 0, round);
  };
  if (!complete && !(best && enough?.aborted)) {
    const source = given
      ? mapRows(given, ({ x, y: raw, weights }) => ({
          x: applyView(fitted, x, blocks),
          y: solved(
            target.task === "regression"
              ? { task: "regression", y: raw }
              : { ...target, labels: Int32Array.from(raw.data) },
          ),
          weights,
        }))
      : rowsInMemory(all.x, all.y, all.weights);
    const final = await solveAll({ ...source, outputs: all.y.cols }, ridges, best);
    if (final) {
      leaderboard.push({ name, loss: final.loss, rounds: final.iteration });
      best = final;
    }
  }
  if (!best)
    throw new RangeError(
      `${name}: the kernel matrix of the centers is not positive definite even with jitter; use float64 or a larger ridge`,
    );
  const {
    predictions,
    calibration,
    loss: least,
  } = judgePredictions(decodeValues(coding, best.values), held.target, held.weights);
  const ridgeOf = ({ round, at }: Choice): number => round.solutions[at]!.ridge;
  if (refit && !given && !enough?.aborted) {
    const whole = {
      x: applyView(fitted, problem.x, blocks),
      y: solved(target),
      weights: problem.weights,
    };
    best = (await solveAll(rowsInMemory(whole.x, whole.y, whole.weights), [ridgeOf(best)], best)) ?? best;
  }
  onProgress?.({ stage: "fitting", fraction: 1, message: "fitted" });
  const coefficients = engine.allocate(chosen.length, best.coefficients.cols, settings.precision);
  coefficients.data.set(best.coefficients.data);
  const member: Member = {
    recipe: {
      ...setup,
      ridges: [...path.slice(0, best.iteration), ridgeOf(best)],
      calibration,
      weight: 1,
    },
    view: fitted,
    coding,
    expansions: [
      {
        rows: Int32Array.from(chosen, (_, i) => i),
        kernel: best.round.kernel,
        metric: best.round.metric,
        coefficients,
      },
    ],
    jitter: best.round.solutions[best.at]!.factor.jitter,
  };
  return new FeatureMachine(engine, {
    task: target.task,
    outputs: target.task === "regression" ? target.y.cols : target.classes,
    x: takePoints(part.x, chosen, blocks),
    blockSizes,
    groups: problem.groups,
    members: [member],
    calibration: undefined,
    validation: { predictions, target: held.target },
    summary: { evaluated: 1, loss: least, bestSingleLoss: least, leaderboard },
  });
}

function requirePositive(target: Target): void {
  if (target.task === "classification") return;
  const bad = target.y.data.findIndex((value) => !(value > 0));
  if (bad >= 0)
    throw new RangeError(
      `logarithm: the target is ${target.y.data[bad]} in row ${Math.floor(bad / target.y.cols)} (counted from 0); only positive numbers have one`,
    );
}
