import {
  type Engine,
  type Matrix,
  permutation,
  type Points,
  random,
  type Random,
} from "../../linalg/index.ts";
import { kernelName, type Metric } from "../../kernels/index.ts";
import {
  mapRows,
  type RowChunk,
  type RowSource,
  rowsInMemory,
  solverWorkspace,
  type SolverWorkspace,
  takeChunkRows,
  withoutRows,
} from "../../solvers/index.ts";
import { judgePredictions } from "../automatic/evaluation.ts";
import type { Member } from "../automatic/refit.ts";
import { crossFittedMetric } from "../cross-fitted-metric.ts";
import { FeatureMachine } from "../feature-machine.ts";
import { type FeatureSettings, firstMetric, type Round, roundPredictions } from "../feature-round.ts";
import type { FitControl } from "../fit-control.ts";
import { labelsOf } from "../labels-of.ts";
import {
  decodeValues,
  encodeTarget,
  fitTargetCoding,
  type LearningProblem,
  takePoints,
  takeProblem,
  type Target,
  type TargetCoding,
  withBalancedClasses,
} from "../learning-problem.ts";
import { machinePrecision, machineRidges } from "../options.ts";
import { requirePositive } from "../require-positive.ts";
import { holdout, subsample } from "../validation.ts";
import { applyView, fitView, type View } from "../view.ts";
import { nextNystromMetric, type NystromRoundProblem, solveNystromRound } from "./nystrom-round.ts";
import type { ResolvedNystromFitOptions } from "./options.ts";

/** Rows that the metric is learned on when the machine does not say. */
const METRIC_ROWS = 20_000;
/** Rows at which the small machines are compared that a metric is begun with. */
const JUDGED_ROWS = 1000;
/** The share of a fit that learning the metric is reported as, where more rows follow. */
const METRIC_SHARE = 0.4;

/** How a running fit is watched, stopped, and given rows that do not fit into memory. */
export interface NystromControl extends Pick<FitControl, "signal" | "onProgress"> {
  /** When it is aborted, the best machine so far is the answer. */
  readonly enough?: AbortSignal | undefined;
  /**
   * Rows that the last solve passes over instead of the training rows of the problem: in input coordinates, targets as they are
   * (class numbers for classification). The problem is then a sample that view, centers, metric and validation come from.
   */
  readonly rows?: RowSource | undefined;
  /**
   * Where the rows of the problem are among `rows`: the last solve then leaves out those that validate it. Without them, the sample is of
   * other rows.
   */
  readonly positions?: Int32Array | undefined;
}

/** A machine under one metric, its ridge chosen on the validation rows. */
interface Iterate {
  readonly updates: number;
  readonly round: Round;
  /** The solution of the round that does best. */
  readonly chosen: Round["solutions"][number];
  readonly coefficients: Matrix<Float64Array>;
  /** At the validation rows, before decoding. */
  readonly values: Matrix<Float64Array>;
  readonly loss: number;
}

/**
 * Fits f(x) = Σ_j k(S x, S z_j) α_j on M centers z_j, a seeded sample of the training rows: metric updates on a sample of rows, as the
 * feature machine's, then one solve on all of them. A holdout of a fifth, at most 10,000 rows, picks the iterate, and the ridge
 * if none is given. The state's rows are the centers alone.
 *
 * @throws RangeError when nothing could be solved, when numbers are to be fitted with logistic loss, or when a target has no logarithm
 */
export async function fitNystromMachine(
  engine: Engine,
  unweighted: LearningProblem,
  options: ResolvedNystromFitOptions,
  control: NystromControl = {},
): Promise<FeatureMachine> {
  const problem = options.classWeights === "balanced" ? withBalancedClasses(unweighted) : unweighted;
  const { machine } = options;
  const { enough, rows: given, positions, onProgress } = control;
  const data = prepare(problem, options);
  const { coding, validation, centers } = data;
  const fit = new NystromFit(engine, data, options, control);
  const name = kernelName(machine.kernel);
  const ridges = machineRidges(machine);

  const plain = firstMetric({ ...data.training, blockSizes: problem.blockSizes });
  const complete = data.metricRows.length === data.training.y.rows && !given;
  const learned: Iterate[] = [];
  if (machine.iterations > 0 || complete || enough?.aborted) {
    const start = complete ? undefined : await fit.weakDirections(ridges);
    learned.push(...(await fit.learnMetric(ridges, start ?? plain, complete ? 1 : METRIC_SHARE)));
  }
  let best = leastLoss(learned);
  const iterates = [...learned];
  const training = (rows: RowSource) =>
    positions ? withoutRows(rows, Int32Array.from(validation.rows, (i) => positions[i]!).sort()) : rows;
  const solveAll = (source: RowSource, among: readonly number[], from: Iterate | undefined) =>
    fit.solve(
      source,
      among,
      from
        ? { updates: from.updates, metric: from.round.metric, start: from.coefficients }
        : { updates: 0, metric: plain },
      random(options.seed + 1),
      fit.lastPasses(source.rows),
    );
  if (!complete && !(best && enough?.aborted)) {
    // λ is the variance of the noise, which more rows do not change: one column to solve for instead of one a ridge.
    const final = await solveAll(
      given ? data.source(training(given)) : inMemory(data.training),
      best ? [best.chosen.ridge] : ridges,
      best,
    );
    if (final) iterates.push(final);
    // More rows beat a lower validation loss, unless the solve was cut short.
    best = enough?.aborted ? leastLoss(iterates) : (final ?? best);
  }
  if (!best)
    throw new RangeError(
      `${name}: the kernel matrix of the centers is not positive definite even with jitter; use float64 or a larger ridge`,
    );
  const { predictions, calibration, loss } = judgePredictions(
    decodeValues(coding, best.values),
    validation.target,
    validation.weights,
  );
  const cutShort = enough?.aborted ? { cutShort: ["fit"] as const } : {};
  if (machine.refit && !given && !enough?.aborted) {
    const again = await solveAll(inMemory(data.chunk(problem)), [best.chosen.ridge], best);
    best = again ?? best;
  }
  onProgress?.({ stage: "fitting", fraction: 1, message: "fitted" });

  const { round, chosen, updates } = best;
  const coefficients = engine.allocate(centers.rows.length, best.coefficients.cols, fit.settings.precision);
  coefficients.data.set(best.coefficients.data);
  const member: Member = {
    recipe: {
      view: machine.view,
      targetMeans: false,
      logarithm: machine.logarithm,
      settings: fit.settings,
      ridges: [...learned.slice(0, updates).map((iterate) => iterate.chosen.ridge), chosen.ridge],
      calibration,
      weight: 1,
    },
    view: data.view,
    coding,
    expansions: [
      {
        rows: Int32Array.from(centers.rows, (_, at) => at),
        kernel: round.kernel,
        metric: round.metric,
        coefficients,
      },
    ],
    jitter: chosen.factor.jitter,
  };
  const { target, blockSizes, groups } = problem;
  return new FeatureMachine(engine, {
    task: target.task,
    outputs: target.task === "regression" ? target.y.cols : target.classes,
    x: takePoints(problem.x, centers.rows, blockSizes.length),
    rows: centers.rows,
    blockSizes,
    groups,
    members: [member],
    calibration: undefined,
    validation: { predictions, target: validation.target },
    summary: {
      evaluated: 1,
      loss,
      bestSingleLoss: loss,
      leaderboard: iterates.map((iterate) => ({ name, loss: iterate.loss, rounds: iterate.updates })),
      ...cutShort,
    },
  });
}

/** Rows in the coordinates of the view, targets as they are solved for, and what came of dividing them. */
interface NystromData {
  readonly coding: TargetCoding;
  readonly view: View;
  readonly blockSizes: readonly number[];
  readonly training: RowChunk;
  /** Targets of the training rows for least squares, also where labels are what is solved for. */
  readonly codes: Matrix<Float64Array>;
  /** Rows of the training rows that the metric is learned on. */
  readonly metricRows: Int32Array;
  readonly validation: {
    /** Rows of the problem. */
    readonly rows: Int32Array;
    readonly x: Points;
    readonly target: Target;
    readonly weights: Float64Array | undefined;
  };
  readonly centers: {
    /** Rows of the problem. */
    readonly rows: Int32Array;
    readonly x: Points;
    readonly weights: Float64Array | undefined;
  };
  chunk(part: Pick<LearningProblem, "x" | "target" | "weights">): RowChunk;
  /** Rows in input coordinates as they are solved for. */
  source(rows: RowSource): RowSource;
}

function prepare(
  problem: LearningProblem,
  { centers: size, loss, machine, seed }: ResolvedNystromFitOptions,
): NystromData {
  const { target, blockSizes, rowGroups } = problem;
  const labels = labelsOf(target);
  if (machine.logarithm) requirePositive(target);
  if (loss === "logistic" && !labels)
    throw new RangeError("loss: logistic regression predicts classes; use the squared loss for numbers");
  const generator = random(seed);
  const { train, validation } = holdout(problem.x.coordinates.rows, 0.2, 10_000, random(seed), {
    labels,
    groups: rowGroups,
  });
  const [part, held] = [takeProblem(problem, train), takeProblem(problem, validation)];
  const squared = fitTargetCoding(part.target, machine.logarithm, part.weights);
  const coding: TargetCoding =
    loss === "logistic" && squared.task === "classification" ? { ...squared, link: "softmax" } : squared;
  const codes = encodeTarget(coding, part.target);
  const view = fitView(machine.view, false, { ...part, y: codes });
  const chunk: NystromData["chunk"] = ({ x, target: some, weights }) => ({
    x: applyView(view, x, blockSizes.length),
    y:
      loss === "logistic" && some.task === "classification"
        ? column(some.labels)
        : encodeTarget(coding, some),
    weights,
  });
  const training = chunk(part);
  const all = Int32Array.from(train, (_, i) => i);
  const own = labels && Int32Array.from(train, (i) => labels[i]!);
  const chosen = subsample(all, size, generator, own);
  const { x, weights } = takeChunkRows(training, chosen);
  return {
    coding,
    view,
    blockSizes,
    training,
    codes,
    metricRows: subsample(all, machine.metricRows ?? METRIC_ROWS, generator, own),
    validation: {
      rows: validation,
      x: applyView(view, held.x, blockSizes.length),
      target: held.target,
      weights: held.weights,
    },
    centers: { rows: chosen.map((at) => train[at]!), x, weights },
    chunk,
    source: (rows) => ({
      ...mapRows(rows, (raw) =>
        chunk({
          ...raw,
          target:
            target.task === "regression"
              ? { task: "regression", y: raw.y }
              : { ...target, labels: Int32Array.from(raw.y.data) },
        }),
      ),
      outputs: training.y.cols,
    }),
  };
}

/** A metric, and how it was come by. */
interface Under {
  readonly updates: number;
  readonly metric: Metric;
  /** Coefficients to start from. */
  readonly start?: Matrix<Float64Array>;
}

/** The rounds of one fit. */
class NystromFit {
  readonly settings: FeatureSettings;
  readonly #engine: Engine;
  readonly #data: NystromData;
  readonly #options: ResolvedNystromFitOptions;
  readonly #control: NystromControl;
  readonly #workspace: SolverWorkspace;
  #told = 0;

  constructor(
    engine: Engine,
    data: NystromData,
    options: ResolvedNystromFitOptions,
    control: NystromControl,
  ) {
    const {
      kernel,
      bandwidth,
      metric: form,
      power,
      normalization,
      centered,
      shrinkage,
      agopRows,
    } = options.machine;
    const precision = machinePrecision(options.machine);
    this.settings = {
      kernel,
      bandwidth,
      form,
      power,
      normalization,
      centered,
      shrinkage,
      agopRows,
      precision,
    };
    this.#engine = engine;
    this.#workspace = solverWorkspace(engine);
    this.#data = data;
    this.#options = options;
    this.#control = control;
  }

  /** Solves under a metric for every ridge, and judges on the validation rows. `undefined` when nothing could be solved. */
  async solve(
    source: RowSource,
    ridges: readonly number[],
    { updates, metric, start }: Under,
    generator: Random,
    onPass: (passes: number) => void,
  ): Promise<Iterate | undefined> {
    const { coding, centers, validation } = this.#data;
    const { tolerance, maxSteps, memory } = this.#options;
    const { signal, enough } = this.#control;
    const problem: NystromRoundProblem = {
      source,
      centers: centers.x,
      centerWeights: centers.weights,
      logistic: coding.task === "classification" && coding.link === "softmax" ? coding : undefined,
    };
    const round = await solveNystromRound(this.#engine, problem, this.settings, metric, ridges, generator, {
      tolerance,
      maxSteps,
      memory,
      workspace: this.#workspace,
      signal,
      enough,
      start,
      onPass,
    });
    const values = await roundPredictions(this.#engine, round, validation.x, this.settings.precision, signal);
    const judged = round.solutions.flatMap((chosen, at): Iterate[] => {
      const { coefficients } = chosen;
      if (!coefficients) return [];
      const decoded = decodeValues(coding, values[at]!);
      const { loss } = judgePredictions(decoded, validation.target, validation.weights);
      return Number.isFinite(loss)
        ? [{ updates, round, chosen, coefficients, values: values[at]!, loss }]
        : [];
    });
    return leastLoss(judged);
  }

  /**
   * A metric from many small machines, which shows directions that the first machine is too weak for and that updates after it
   * would suppress. For fits of so many rows that this is little work.
   */
  async weakDirections(ridges: readonly number[]): Promise<Metric | undefined> {
    const { training, codes, blockSizes } = this.#data;
    const { seed } = this.#options;
    const { signal, enough, onProgress } = this.#control;
    onProgress?.({ stage: "comparing", fraction: 0, message: "a first metric, from many small machines" });
    const order = permutation(training.y.rows, random(seed + 3));
    const points = order.subarray(0, Math.min(JUDGED_ROWS, order.length >> 1));
    const { settings } = this;
    const { x, weights } = training;
    const problem = {
      x,
      y: codes,
      weights,
      blockSizes,
      settings,
      ridges,
    };
    return await crossFittedMetric(this.#engine, {
      problem,
      train: order.subarray(points.length),
      validation: points,
      seed,
      signal,
      enough,
    });
  }

  /** Metric updates on the rows for them, until they are made, no longer help, or are interrupted. */
  async learnMetric(ridges: readonly number[], start: Metric, share: number): Promise<Iterate[]> {
    const { training, metricRows } = this.#data;
    const { machine, seed, maxSteps } = this.#options;
    const { signal, enough, onProgress } = this.#control;
    const { iterations, stopFactor } = machine;
    const generator = random(seed + 2);
    const rows = metricRows.length === training.y.rows ? training : takeChunkRows(training, metricRows);
    const everyRow = Int32Array.from(metricRows, (_, i) => i);
    const gradientRows = takeChunkRows(rows, subsample(everyRow, machine.agopRows, generator));
    const iterates: Iterate[] = [];
    let metric = start;
    let least = Infinity;
    for (let updates = 0; updates <= iterations && !(iterates.length > 0 && enough?.aborted); updates++) {
      const iterate = await this.solve(inMemory(rows), ridges, { updates, metric }, generator, (passes) =>
        onProgress?.({
          stage: "comparing",
          fraction: this.#forward((share * (updates + passes / (maxSteps + 1))) / (iterations + 1)),
          message: `metric ${updates} of ${iterations} on ${metricRows.length} rows${least < Infinity ? `, validation loss ${least.toPrecision(4)}` : ""}`,
        }),
      );
      if (!iterate) break;
      iterates.push(iterate);
      least = Math.min(least, iterate.loss);
      if (updates === iterations || iterate.loss > stopFactor * least) break;
      const { round, coefficients } = iterate;
      const next = await nextNystromMetric(
        this.#engine,
        this.settings,
        round,
        coefficients,
        gradientRows,
        signal,
      );
      if (!next) break;
      metric = next;
    }
    return iterates;
  }

  /** Reports passes over all rows. */
  lastPasses(rows: number): (passes: number) => void {
    const { maxSteps } = this.#options;
    const share = this.#told;
    return (passes) =>
      this.#control.onProgress?.({
        stage: "fitting",
        fraction: this.#forward(share + ((1 - share) * passes) / (maxSteps + 1)),
        message: `pass ${Math.ceil(passes)} over ${rows} rows, ${this.#data.centers.rows.length} centers`,
      });
  }

  /** A fraction that never goes back and is 1 only at the end. */
  #forward(fraction: number): number {
    this.#told = Math.min(0.99, Math.max(this.#told, fraction));
    return this.#told;
  }
}

/** The earliest of the least loss. */
function leastLoss(iterates: readonly Iterate[]): Iterate | undefined {
  return iterates.length === 0 ? undefined : iterates.reduce((a, b) => (b.loss < a.loss ? b : a));
}

function inMemory({ x, y, weights }: RowChunk): RowSource {
  return rowsInMemory(x, y, weights);
}

function column(values: Int32Array): Matrix {
  return { data: Float64Array.from(values), rows: values.length, cols: 1 };
}
