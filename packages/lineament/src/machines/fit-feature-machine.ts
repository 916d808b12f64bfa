import { type Engine, type Matrix, random } from "../linalg/index.ts";
import { anySignal } from "./any-signal.ts";
import { averageMembers, withUnitWeight } from "./automatic/average-members.ts";
import { createArena, judgePredictions, type MachineSetup, validationLoss } from "./automatic/evaluation.ts";
import { greedyAverage } from "./automatic/greedy-average.ts";
import { preferredMethod } from "./automatic/choose-method.ts";
import { type Plan, PLANS, SEARCH_SHARE } from "./automatic/plan.ts";
import {
  heldOutRows,
  largestSolve,
  type Member,
  QUICK_ROWS,
  refitMember,
  type Refitted,
} from "./automatic/refit.ts";
import { type ChosenMember, searchMachines, type SearchResult } from "./automatic/search.ts";
import type { Calibration } from "./calibration.ts";
import { type Crew, openCrew } from "./crew/crew.ts";
import { crossFittedMetric } from "./cross-fitted-metric.ts";
import { type CutStage, FeatureMachine, type SearchSummary } from "./feature-machine.ts";
import {
  decodeValues,
  encodeTarget,
  fitTargetCoding,
  type LearningProblem,
  takePoints,
  takeProblem,
  takeTarget,
  type Target,
  withBalancedClasses,
} from "./learning-problem.ts";
import { machinePrecision, type ResolvedFitOptions } from "./options.ts";
import { fitNystromMachine } from "./nystrom/fit-nystrom-machine.ts";
import { NystromFitOptions, type ResolvedNystromFitOptions } from "./nystrom/options.ts";
import { chooseIterate, recursiveFeatureIterations } from "./recursive-feature-iterations.ts";
import { timeLimit } from "./time-limit.ts";
import { type FittedTree, fitTreeMembers, type TreeRecipe } from "./tree/fit-tree-members.ts";
import { type EarlyEnd, unlessEnough } from "./unless-enough.ts";
import { crossValidationFolds, holdout, subsample } from "./validation.ts";
import { applyView, fitView } from "./view.ts";
import { kernelName } from "../kernels/index.ts";
import type { RowSource } from "../solvers/index.ts";

/** Ridges among which validation chooses when a given machine has none. */
const AUTOMATIC_RIDGES = [1e-3, 1e-1, 10];

/** Rows of a leaf that its metric is learned from, unless given. */
const LEAF_METRIC_ROWS = 2000;

/** Metric updates of leaves of a chosen machine: they begin with a metric of the whole. */
const LEAF_UPDATES = 2;
/** What leaves of a chosen machine multiply its ridge by. */
const LEAF_RIDGES = [0.3, 1, 3];

/** Where a fit is. `fraction` runs from 0 to 1 over the whole fit, roughly in proportion to time. */
export interface FitProgress {
  readonly stage: "screening" | "comparing" | "fitting";
  readonly fraction: number;
  readonly message: string;
}

/** Rows of which the problem is a sample. */
export interface RowStream {
  /** In the coordinates of the problem, targets as they are (class numbers for classification). */
  readonly rows: RowSource;
  /** Where the rows of the problem are among them. */
  readonly positions: Int32Array;
  /** Bytes of kernel values that may be kept between passes. */
  readonly memory: number;
}

/** How a running fit is watched and stopped. */
export interface FitControl {
  /**
   * Threads that compare candidates and fit the leaves of trees, each on one processor with a kernel matrix of its own; 0 (the default)
   * does one after the other with all threads of the engine. In browsers always 0.
   */
  readonly workers?: number | undefined;
  /**
   * All rows, where the problem is a sample of them because they do not fit into memory: the last solve of a Nyström machine passes
   * over them.
   */
  readonly stream?: RowStream | undefined;
  /** Rejects with its reason, soon after it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * When it is aborted, no more is tried and the best machine so far is the answer, soon; before there is one, the first candidate
   * on few rows. The summary of the machine says what was cut short.
   */
  readonly enough?: AbortSignal | undefined;
  /** When it is aborted, no further candidates are compared: the best ones so far are fitted to all rows. */
  readonly enoughSearch?: AbortSignal | undefined;
  /** Told where the fit is, between pieces of work. */
  readonly onProgress?: ((progress: FitProgress) => void) | undefined;
}

type CrewControl = Omit<FitControl, "workers">;

/**
 * Fits a feature machine to a prepared problem: chooses (or takes) the members, then fits each on all rows.
 * The validation rules are those of the search; test rows never enter.
 */
export async function fitFeatureMachine(
  engine: Engine,
  given: LearningProblem,
  options: ResolvedFitOptions,
  { workers, ...control }: FitControl = {},
): Promise<FeatureMachine> {
  const problem = options.classWeights === "balanced" ? withBalancedClasses(given) : given;
  const crew = openCrew(engine, { workers });
  const fit = options.machine ? fitGivenMachine : fitChosenMachines;
  const { members, rows, calibration, predictions, target, ...summary } = await inTime(
    options.seconds,
    control,
    (timed) => fit(crew, problem, options, timed),
  ).finally(() => crew.close());
  control.onProgress?.({ stage: "fitting", fraction: 1, message: "fitted" });
  return new FeatureMachine(engine, {
    task: target.task,
    outputs: target.task === "regression" ? target.y.cols : target.classes,
    x: rows ? takePoints(problem.x, rows, problem.blockSizes.length) : problem.x,
    rows,
    blockSizes: problem.blockSizes,
    groups: problem.groups,
    members,
    calibration,
    validation: { predictions, target },
    summary,
  });
}

/** Fitted members, how they are put together, and what they predicted for rows that they were not fitted on. */
interface FinishedChoice extends SearchSummary {
  readonly members: readonly Member[];
  /** Rows that the members' expansions count; all when absent. */
  readonly rows?: Int32Array | undefined;
  readonly calibration: Calibration | undefined;
  readonly predictions: Matrix<Float64Array>;
  readonly target: Target;
}

/** Says that it is enough when the time is over, and to the search in time for the fit to all rows. */
async function inTime<T>(
  seconds: number | undefined,
  control: CrewControl,
  work: (control: CrewControl) => Promise<T>,
): Promise<T> {
  const limit = timeLimit(seconds);
  const searchLimit = timeLimit(seconds && SEARCH_SHARE * seconds);
  try {
    const { enoughSearch = searchLimit.signal } = control;
    return await work({ ...control, enough: anySignal(control.enough, limit.signal), enoughSearch });
  } finally {
    limit.clear();
    searchLimit.clear();
  }
}

/** Those of the stages that ended early. */
function cutShort(stages: Readonly<Record<CutStage, boolean>>): Pick<SearchSummary, "cutShort"> {
  const cut = (["search", "fit"] as const).filter((stage) => stages[stage]);
  return cut.length > 0 ? { cutShort: cut } : {};
}

/** Searches for the machines to average and fits each on all rows. */
async function fitChosenMachines(
  crew: Crew,
  problem: LearningProblem,
  { effort, method, centers = PLANS[effort].centers, seed }: ResolvedFitOptions,
  { stream, signal, enough, enoughSearch, onProgress }: CrewControl,
): Promise<FinishedChoice> {
  const { engine } = crew;
  const plan = PLANS[effort];
  const found = await searchMachines(crew, problem, plan.search, {
    seed,
    signal,
    enough: anySignal(enough, enoughSearch),
    onProgress: ({ stage, done, of, loss }) =>
      onProgress?.({
        stage,
        fraction: stage === "screening" ? (0.45 * done) / of : 0.45 + (0.25 * done) / of,
        message: `${stage === "screening" ? "comparing candidates on few rows" : "comparing the best on more rows"}: ${done} of ${of}, best loss ${loss.toPrecision(4)}`,
      }),
  });
  const n = problem.x.coordinates.rows;
  const by = method ?? preferredMethod(n, effort);
  // The matrices of the fit need the memory that its threads hold.
  if (by !== "tree") crew.close();
  const searched = (fitted: Pick<SearchSummary, "cutShort">) => ({
    evaluated: found.evaluated,
    leaderboard: found.leaderboard,
    ...cutShort({ search: found.cutShort, fit: fitted.cutShort !== undefined }),
  });
  const late: FitControl["onProgress"] = ({ stage, fraction, message }) =>
    onProgress?.({ stage, fraction: 0.7 + 0.3 * fraction, message });
  if (by === "tree") {
    const { setup, ridges } = bestOf(found.members);
    const fitted = await fitTrees(
      crew,
      problem,
      {
        ...setup,
        ...plan.tree,
        settings: { ...setup.settings, agopRows: plan.agopRows },
        iterations: Math.min(LEAF_UPDATES, ridges.length - 1),
        ridges: LEAF_RIDGES.map((factor) => factor * ridges.at(-1)!),
        schedule: [LEAF_METRIC_ROWS],
        stopFactor: 1.1,
      },
      kernelName(setup.settings.kernel),
      seed + 5,
      { signal, enough, onProgress: late },
    );
    return { ...fitted, ...searched(fitted) };
  }
  if (by === "nystrom") {
    const plain = found.members.filter(({ candidate }) => !candidate.targetMeans);
    const { view, logarithm, settings } = bestOf(plain.length > 0 ? plain : found.members).setup;
    const { form: metric, ...rest } = settings;
    const options = NystromFitOptions.parse({
      seed: seed + 5,
      centers: Math.min(n, centers),
      machine: {
        ...rest,
        metric,
        view,
        logarithm,
        agopRows: plan.agopRows,
        iterations: plan.search.rounds,
        metricRows: plan.refit.metricRows,
      },
    });
    const fitted = await fitNystrom(engine, problem, options, { stream, signal, enough, onProgress: late });
    return { ...fitted, ...searched(fitted) };
  }
  const fitted = await fitMembers(engine, problem, found, plan, seed, { signal, enough, onProgress: late });
  return { ...fitted, ...searched(fitted) };
}

/**
 * Fits the chosen members to all rows in turn. Of those that are not done when it is enough only the first is kept. When it is enough
 * already, the best one is fitted to a sample of rows.
 */
async function fitMembers(
  engine: Engine,
  problem: LearningProblem,
  found: SearchResult,
  plan: Plan,
  seed: number,
  { signal, enough, onProgress }: CrewControl,
): Promise<FinishedChoice> {
  const hurried = enough?.aborted ?? false;
  const rows = hurried ? sampleOf(problem, QUICK_ROWS, seed + 5) : undefined;
  const own = rows ? takeProblem(problem, rows) : problem;
  const n = own.x.coordinates.rows;
  const chosen = hurried ? [bestOf(found.members)] : found.members;
  const sizes = hurried ? { ...plan.refit, metricRows: LEAF_METRIC_ROWS } : plan.refit;
  const heldOut = hurried ? new Int32Array(0) : heldOutRows(problem, sizes, seed + 3);
  const size = largestSolve(n, sizes);
  const memory = engine.allocate(size, size, "float32");
  const refit = ({ setup, ridges, calibration, weight }: ChosenMember, ends: EarlyEnd): Promise<Refitted> => {
    const settings = { ...setup.settings, agopRows: plan.agopRows };
    const recipe = { ...setup, settings, ridges, calibration, weight };
    return refitMember(engine, own, recipe, sizes, heldOut, { seed: seed + 5, memory, ...ends });
  };
  const refitted: Refitted[] = [];
  for (const [at, one] of chosen.entries()) {
    onProgress?.({
      stage: "fitting",
      fraction: at / chosen.length,
      message: `fitting machine ${at + 1} of ${chosen.length} on ${rows ? n : `all ${n}`} rows`,
    });
    const next =
      at === 0
        ? await refit(one, { signal, enough: hurried ? undefined : enough })
        : await unlessEnough((either) => refit(one, { signal: either }), { signal, enough });
    if (!next) break;
    refitted.push(next);
  }
  const kept = withUnitWeight(chosen.slice(0, refitted.length));
  const members = refitted.map(({ member, heldOutValues }, at) => ({
    member: { ...member, recipe: { ...member.recipe, weight: kept[at]!.weight } },
    heldOutValues,
  }));
  const { target, bestSingleLoss, leaderboard, evaluated } = found;
  const summary = {
    bestSingleLoss,
    leaderboard,
    evaluated,
    rows,
    ...cutShort({ search: false, fit: enough?.aborted ?? false }),
  };
  if (heldOut.length === 0)
    return {
      ...summary,
      members: members.map(({ member }) => member),
      target,
      ...averageMembers(kept, target, found.weights),
    };
  const weights = problem.weights && Float64Array.from(heldOut, (i) => problem.weights![i]!);
  return {
    ...summary,
    ...reweigh(members, takeTarget(problem.target, heldOut), weights),
    loss: found.loss,
  };
}

/** A sample of so many rows; undefined where there are no more. */
function sampleOf({ x, target }: LearningProblem, size: number, seed: number): Int32Array | undefined {
  const n = x.coordinates.rows;
  const labels = target.task === "classification" ? target.labels : undefined;
  const all = Int32Array.from({ length: n }, (_, i) => i);
  return n > size ? subsample(all, size, random(seed), labels) : undefined;
}

function bestOf(members: readonly ChosenMember[]): ChosenMember {
  return members.reduce((a, b) => (b.loss < a.loss ? b : a));
}

/**
 * Calibrates members at full size on rows they were in effect not fitted on, and moves their weights half way to what a
 * greedy average of those predictions wants.
 */
function reweigh(
  refitted: readonly Refitted[],
  target: Target,
  weights: Float64Array | undefined,
): {
  members: Member[];
  calibration: Calibration | undefined;
  predictions: Matrix<Float64Array>;
  target: Target;
} {
  const judged = refitted.map(({ member, heldOutValues }) => ({
    member,
    ...judgePredictions(decodeValues(member.coding, heldOutValues!), target, weights),
  }));
  const shares = greedyAverage(
    judged.map(({ predictions }) => predictions),
    (p) => validationLoss(p, target, weights),
    { steps: 12, members: judged.length },
  );
  const members = judged.map(({ member, calibration }, at) => ({
    ...member,
    recipe: { ...member.recipe, calibration, weight: (member.recipe.weight + shares[at]!) / 2 },
  }));
  const weighted = members.map(({ recipe: { weight } }, at) => ({
    weight,
    predictions: judged[at]!.predictions,
  }));
  const { calibration, predictions } = averageMembers(weighted, target, weights);
  return { members, calibration, predictions, target };
}

/**
 * Fits exactly the machine that the options describe. Validation rows (5 folds below 500 rows, else a holdout of a fifth, at
 * most 10,000 rows) pick the iterate, and the ridge if none is given; then the path is replayed on all rows, or with
 * `refit: false` the best iterate is kept as it is.
 */
async function fitGivenMachine(
  crew: Crew,
  problem: LearningProblem,
  { machine, effort, centers = PLANS[effort].centers, seed }: ResolvedFitOptions,
  { stream, signal, enough, onProgress }: CrewControl,
): Promise<FinishedChoice> {
  const { engine } = crew;
  if (stream) {
    const options = NystromFitOptions.parse({
      seed,
      centers: Math.min(problem.x.coordinates.rows, centers),
      machine: { ...machine!, tree: undefined },
    });
    return await fitNystrom(engine, problem, options, { stream, signal, enough, onProgress });
  }
  const {
    kernel,
    bandwidth,
    iterations,
    ridge,
    metric,
    power,
    normalization,
    centered,
    shrinkage,
    view,
    logarithm,
    agopRows,
    stopFactor,
    refit,
    metricRows,
    tree,
  } = machine!;
  const precision = machinePrecision(machine!);
  const n = problem.x.coordinates.rows;
  const { target } = problem;
  const bad =
    logarithm && target.task === "regression" ? target.y.data.findIndex((value) => !(value > 0)) : -1;
  if (bad >= 0 && target.task === "regression")
    throw new RangeError(
      `logarithm: the target is ${target.y.data[bad]} in row ${Math.floor(bad / target.y.cols)} (counted from 0); only positive numbers have one`,
    );
  const setup: MachineSetup = {
    view,
    targetMeans: false,
    logarithm,
    settings: {
      kernel,
      bandwidth,
      form: metric,
      power,
      normalization,
      centered,
      shrinkage,
      agopRows,
      precision,
    },
  };
  const splitOptions = {
    labels: problem.target.task === "classification" ? problem.target.labels : undefined,
    groups: problem.rowGroups,
  };
  const name = kernelName(kernel);
  const report = (done: number, loss: number): void =>
    onProgress?.({
      stage: "comparing",
      fraction: (0.7 * done) / (iterations + 1),
      message: `iterate ${done - 1} of ${iterations}, validation loss ${loss.toPrecision(4)}`,
    });
  const ridges = ridge === undefined ? AUTOMATIC_RIDGES : [ridge];
  if (tree && n > tree.capacity) {
    const recipe = { ...setup, ...tree, iterations, ridges, stopFactor };
    return fitTrees(crew, problem, { ...recipe, schedule: [metricRows ?? LEAF_METRIC_ROWS] }, name, seed, {
      signal,
      enough,
      onProgress,
    });
  }
  const schedule = metricRows === undefined ? undefined : [metricRows];
  if (n < 500 || (refit ?? (n < 5000 && !schedule))) {
    const folds =
      n < 500
        ? crossValidationFolds(n, Math.min(5, n), random(seed), splitOptions)
        : [holdout(n, 0.2, 10_000, random(seed), splitOptions)];
    const arena = createArena(engine, problem, folds, { seed, stopFactor });
    const iterates = await arena.evaluate(
      setup,
      iterations,
      ridge === undefined ? { kind: "search" } : { kind: "fixed", ridges: [ridge] },
      { signal, enough },
    );
    if (iterates.length === 0)
      throw new RangeError(
        `${name}: the kernel matrix is not positive definite even with jitter; use a larger ridge`,
      );
    const best = iterates.reduce((a, b) => (b.loss < a.loss ? b : a));
    report(iterations + 1, best.loss);
    const recipe = { ...setup, ridges: best.ridges, calibration: best.calibration, weight: 1 };
    const hurried = enough?.aborted ?? false;
    const whole = {
      metricRows: metricRows ?? (hurried ? LEAF_METRIC_ROWS : Infinity),
      solveRows: Infinity,
      heldOutAbove: Infinity,
    };
    const { member } = await refitMember(engine, problem, recipe, whole, new Int32Array(0), {
      seed: seed + 5,
      signal,
      enough: hurried ? undefined : enough,
    });
    const leaderboard = iterates.map(({ loss, ridges }) => ({ name, loss, rounds: ridges.length - 1 }));
    return {
      members: [member],
      calibration: undefined,
      predictions: best.predictions,
      target: arena.target,
      loss: best.loss,
      bestSingleLoss: best.loss,
      evaluated: 1,
      leaderboard,
      ...cutShort({ search: false, fit: enough?.aborted ?? false }),
    };
  }
  const { train, validation } = holdout(n, 0.2, 10_000, random(seed), splitOptions);
  const [part, held] = [takeProblem(problem, train), takeProblem(problem, validation)];
  const coding = fitTargetCoding(part.target, logarithm, part.weights);
  const y = encodeTarget(coding, part.target);
  const { blockSizes } = problem;
  const fitted = fitView(view, false, { ...part, y });
  const blocks = blockSizes.length;
  const sampled = schedule !== undefined && iterations > 0 && schedule[0]! < train.length;
  const start = sampled
    ? await crossFittedMetric(engine, {
        problem: {
          x: applyView(fitted, problem.x, blocks),
          blockSizes,
          y: encodeTarget(coding, target),
          weights: problem.weights,
          settings: setup.settings,
          ridges,
        },
        train,
        validation,
        seed,
        signal,
        enough,
      })
    : undefined;
  const rounds = recursiveFeatureIterations(
    engine,
    { x: applyView(fitted, part.x, blocks), blockSizes, y, weights: part.weights },
    setup.settings,
    {
      iterations,
      ridges,
      judge: {
        x: applyView(fitted, held.x, blocks),
        loss: (values) => judgePredictions(decodeValues(coding, values), held.target, held.weights).loss,
      },
      schedule,
      start,
      stopFactor,
      seed,
      tolerance: 1e-4,
      signal,
      enough,
    },
  );
  const leaderboard: { name: string; loss: number; rounds: number }[] = [];
  const best = await chooseIterate(rounds, ({ iteration, loss }, least) => {
    leaderboard.push({ name, loss, rounds: iteration });
    report(iteration + 1, least);
  });
  const fit = enough?.aborted ?? false;
  if (!best)
    throw new RangeError(
      `${name}: the kernel matrix is not positive definite even with jitter; use a larger ridge`,
    );
  const { predictions, calibration, loss } = judgePredictions(
    decodeValues(coding, best.values!),
    held.target,
    held.weights,
  );
  const rows = best.rows?.map((at) => train[at]!) ?? train;
  const coefficients = engine.allocate(rows.length, y.cols, precision);
  coefficients.data.set(best.solution.coefficients.data);
  const member: Member = {
    recipe: { ...setup, ridges: best.ridges, calibration, weight: 1 },
    view: fitted,
    coding,
    expansions: [{ rows, kernel: best.round.kernel, metric: best.round.metric, coefficients }],
    jitter: best.solution.factor.jitter,
  };
  return {
    members: [member],
    calibration: undefined,
    predictions,
    target: held.target,
    loss,
    bestSingleLoss: loss,
    evaluated: 1,
    leaderboard,
    ...cutShort({ search: false, fit }),
  };
}

/** A machine on some of the rows as centers. */
async function fitNystrom(
  engine: Engine,
  problem: LearningProblem,
  options: ResolvedNystromFitOptions,
  { stream, signal, enough, onProgress }: CrewControl,
): Promise<FinishedChoice> {
  const { memory = options.memory, rows: all, positions } = stream ?? {};
  const machine = await fitNystromMachine(
    engine,
    problem,
    { ...options, memory },
    { rows: all, positions, signal, enough, onProgress },
  );
  const { members, rows, calibration, validation, summary } = machine.state;
  return { members, rows, calibration, ...validation, ...summary };
}

/** Trees of feature machines, calibrated and averaged on a holdout of a fifth of the rows, at most 10,000. */
async function fitTrees(
  crew: Crew,
  problem: LearningProblem,
  recipe: TreeRecipe,
  name: string,
  seed: number,
  { signal, enough, onProgress }: CrewControl,
): Promise<FinishedChoice> {
  const { target } = problem;
  const n = problem.x.coordinates.rows;
  const { train, validation } = holdout(n, 0.2, 10_000, random(seed), {
    labels: target.task === "classification" ? target.labels : undefined,
    groups: problem.rowGroups,
  });
  const fitted = await fitTreeMembers(crew, problem, train, validation, recipe, {
    seed,
    signal,
    enough,
    onLeaf: (tree, done, of) =>
      onProgress?.({
        stage: "fitting",
        fraction: (tree + done / of) / recipe.trees,
        message: `tree ${tree + 1} of ${recipe.trees}: leaf ${done} of ${of}`,
      }),
  });
  const held = takeTarget(target, validation);
  const weights = problem.weights && Float64Array.from(validation, (i) => problem.weights![i]!);
  const [first] = fitted as [FittedTree, ...FittedTree[]];
  // The calibration of a single tree is its own.
  const averaged =
    fitted.length === 1
      ? { calibration: undefined, predictions: first.predictions, loss: first.loss }
      : averageMembers(
          fitted.map(({ predictions }) => ({ predictions, weight: 1 / fitted.length })),
          held,
          weights,
        );
  return {
    ...averaged,
    members: fitted.map(({ member }) => member),
    target: held,
    bestSingleLoss: Math.min(...fitted.map(({ loss }) => loss)),
    evaluated: 1,
    ...cutShort({ search: false, fit: first.cutShort || fitted.length < recipe.trees }),
    leaderboard: fitted.map(({ loss, member }) => ({ name, loss, rounds: member.recipe.ridges.length - 1 })),
  };
}
