import { type Engine, type Matrix, random, zeros } from "../linalg/index.ts";
import { createArena, judgePredictions, type MachineSetup, validationLoss } from "./automatic/evaluation.ts";
import { greedyAverage } from "./automatic/greedy-average.ts";
import { preferredMethod } from "./automatic/choose-method.ts";
import { PLANS } from "./automatic/plan.ts";
import { heldOutRows, largestSolve, type Member, refitMember, type Refitted } from "./automatic/refit.ts";
import { averageCalibration, type ChosenMember, searchMachines } from "./automatic/search.ts";
import { type Calibration, calibrate } from "./calibration.ts";
import { type Crew, openCrew } from "./crew/crew.ts";
import { FeatureMachine, type SearchSummary } from "./feature-machine.ts";
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
import { NystromFitOptions } from "./nystrom/options.ts";
import { chooseIterate, recursiveFeatureIterations } from "./recursive-feature-iterations.ts";
import { fitTreeMembers, type TreeRecipe } from "./tree/fit-tree-members.ts";
import { crossValidationFolds, holdout } from "./validation.ts";
import { applyView, fitView } from "./view.ts";
import { kernelName } from "../kernels/index.ts";

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

/** How a running fit is watched and stopped. */
export interface FitControl {
  /**
   * Threads that fit the leaves of trees, each on one processor with a kernel matrix of its own; 0 (the default) fits them one after the
   * other with all threads of the engine. In browsers always 0.
   */
  readonly workers?: number | undefined;
  /** Rejects with its reason, soon after it is aborted. */
  readonly signal?: AbortSignal | undefined;
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
  { workers, signal, onProgress }: FitControl = {},
): Promise<FeatureMachine> {
  const problem = options.classWeights === "balanced" ? withBalancedClasses(given) : given;
  const crew = openCrew(engine, { workers });
  const fit = options.machine ? fitGivenMachine : fitChosenMachines;
  const { members, rows, calibration, predictions, target, ...summary } = await fit(crew, problem, options, {
    signal,
    onProgress,
  }).finally(() => crew.close());
  onProgress?.({ stage: "fitting", fraction: 1, message: "fitted" });
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

/** Searches for the machines to average and fits each on all rows. */
async function fitChosenMachines(
  crew: Crew,
  problem: LearningProblem,
  { effort, method, centers = PLANS[effort].centers, seconds, seed }: ResolvedFitOptions,
  { signal, onProgress }: CrewControl,
): Promise<FinishedChoice> {
  const { engine } = crew;
  const plan = PLANS[effort];
  const deadline = seconds === undefined ? undefined : performance.now() + 600 * seconds;
  const found = await searchMachines(
    engine,
    problem,
    { ...plan.search, deadline },
    {
      seed,
      signal,
      onProgress: ({ stage, done, of, loss }) =>
        onProgress?.({
          stage,
          fraction: stage === "screening" ? (0.45 * done) / of : 0.45 + (0.25 * done) / of,
          message: `${stage === "screening" ? "comparing candidates on few rows" : "comparing the best on more rows"}: ${done} of ${of}, best loss ${loss.toPrecision(4)}`,
        }),
    },
  );
  const n = problem.x.coordinates.rows;
  const by = method ?? preferredMethod(n, effort);
  const searched = { evaluated: found.evaluated, leaderboard: found.leaderboard };
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
      { signal, onProgress: late },
    );
    return { ...fitted, ...searched };
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
    const { state } = await fitNystromMachine(engine, problem, options, { signal, onProgress: late });
    const { members, validation, rows } = state;
    const { loss } = state.summary;
    return {
      members,
      rows,
      calibration: state.calibration,
      ...validation,
      ...searched,
      loss,
      bestSingleLoss: loss,
    };
  }
  const heldOut = heldOutRows(problem, plan.refit, seed + 3);
  const rows = largestSolve(n, plan.refit);
  const memory = engine.allocate(rows, rows, "float32");
  const refitted: Refitted[] = [];
  for (const [at, { setup, ridges, calibration, weight }] of found.members.entries()) {
    onProgress?.({
      stage: "fitting",
      fraction: 0.7 + (0.3 * at) / found.members.length,
      message: `fitting machine ${at + 1} of ${found.members.length} on all ${n} rows`,
    });
    refitted.push(
      await refitMember(
        engine,
        problem,
        { ...setup, settings: { ...setup.settings, agopRows: plan.agopRows }, ridges, calibration, weight },
        plan.refit,
        heldOut,
        {
          seed: seed + 5,
          signal,
          memory,
        },
      ),
    );
  }
  const { loss, bestSingleLoss, leaderboard, evaluated } = found;
  const summary = { loss, bestSingleLoss, leaderboard, evaluated };
  if (heldOut.length === 0)
    return {
      members: refitted.map(({ member }) => member),
      calibration: found.calibration,
      predictions: found.predictions,
      target: found.target,
      ...summary,
    };
  const weights = problem.weights && Float64Array.from(heldOut, (i) => problem.weights![i]!);
  return { ...reweigh(refitted, takeTarget(problem.target, heldOut), weights), ...summary };
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
  const averaged = zeros(judged[0]!.predictions.rows, judged[0]!.predictions.cols);
  judged.forEach(({ predictions }, at) => {
    for (let i = 0; i < averaged.data.length; i++)
      averaged.data[i]! += members[at]!.recipe.weight * predictions.data[i]!;
  });
  const calibration =
    target.task === "classification" ? averageCalibration(averaged, target.labels, weights) : undefined;
  return {
    members,
    calibration,
    predictions: calibration ? calibrate(calibration, averaged) : averaged,
    target,
  };
}

/**
 * Fits exactly the machine that the options describe. Validation rows (5 folds below 500 rows, else a holdout of a fifth, at
 * most 10,000 rows) pick the iterate, and the ridge if none is given; then the path is replayed on all rows, or with
 * `refit: false` the best iterate is kept as it is.
 */
async function fitGivenMachine(
  crew: Crew,
  problem: LearningProblem,
  { machine, seed }: ResolvedFitOptions,
  { signal, onProgress }: CrewControl,
): Promise<FinishedChoice> {
  const { engine } = crew;
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
      onProgress,
    });
  }
  const schedule = metricRows === undefined ? undefined : [metricRows];
  if (n < 500 || (refit ?? (n < 5000 && !schedule))) {
    const folds =
      n < 500
        ? crossValidationFolds(n, Math.min(5, n), random(seed), splitOptions)
        : [holdout(n, 0.2, 10_000, random(seed), splitOptions)];
    const arena = createArena(engine, problem, folds, { seed, signal, stopFactor });
    const iterates = await arena.evaluate(
      setup,
      iterations,
      ridge === undefined ? { kind: "search" } : { kind: "fixed", ridges: [ridge] },
    );
    if (iterates.length === 0)
      throw new RangeError(
        `${name}: the kernel matrix is not positive definite even with jitter; use a larger ridge`,
      );
    const best = iterates.reduce((a, b) => (b.loss < a.loss ? b : a));
    report(iterations + 1, best.loss);
    const recipe = { ...setup, ridges: best.ridges, calibration: best.calibration, weight: 1 };
    const whole = { metricRows: metricRows ?? Infinity, solveRows: Infinity, heldOutAbove: Infinity };
    const { member } = await refitMember(engine, problem, recipe, whole, new Int32Array(0), {
      seed: seed + 5,
      signal,
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
    };
  }
  const { train, validation } = holdout(n, 0.2, 10_000, random(seed), splitOptions);
  const [part, held] = [takeProblem(problem, train), takeProblem(problem, validation)];
  const coding = fitTargetCoding(part.target, logarithm, part.weights);
  const y = encodeTarget(coding, part.target);
  const { blockSizes } = problem;
  const fitted = fitView(view, false, { ...part, y });
  const blocks = blockSizes.length;
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
      stopFactor,
      seed,
      tolerance: 1e-4,
      signal,
    },
  );
  const leaderboard: { name: string; loss: number; rounds: number }[] = [];
  const best = await chooseIterate(rounds, ({ iteration, loss }, least) => {
    leaderboard.push({ name, loss, rounds: iteration });
    report(iteration + 1, least);
  });
  if (!best)
    throw new RangeError(
      `${name}: the kernel matrix is not positive definite even with jitter; use a larger ridge`,
    );
  const { predictions, calibration, loss } = judgePredictions(
    decodeValues(coding, best.values!),
    held.target,
    held.weights,
  );
  const coefficients = engine.allocate(train.length, y.cols, precision);
  coefficients.data.set(best.solution.coefficients.data);
  const member: Member = {
    recipe: { ...setup, ridges: best.ridges, calibration, weight: 1 },
    view: fitted,
    coding,
    expansions: [{ rows: train, kernel: best.round.kernel, metric: best.round.metric, coefficients }],
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
  };
}

/** Trees of feature machines, calibrated and averaged on a holdout of a fifth of the rows, at most 10,000. */
async function fitTrees(
  crew: Crew,
  problem: LearningProblem,
  recipe: TreeRecipe,
  name: string,
  seed: number,
  { signal, onProgress }: CrewControl,
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
    onLeaf: (tree, done, of) =>
      onProgress?.({
        stage: "fitting",
        fraction: (tree + done / of) / recipe.trees,
        message: `tree ${tree + 1} of ${recipe.trees}: leaf ${done} of ${of}`,
      }),
  });
  const held = takeTarget(target, validation);
  const weights = problem.weights && Float64Array.from(validation, (i) => problem.weights![i]!);
  const averaged = zeros(validation.length, fitted[0]!.predictions.cols);
  for (const { predictions } of fitted)
    for (let at = 0; at < averaged.data.length; at++)
      averaged.data[at]! += predictions.data[at]! / fitted.length;
  const calibration =
    held.task === "classification" && fitted.length > 1
      ? averageCalibration(averaged, held.labels, weights)
      : undefined;
  const predictions = calibration ? calibrate(calibration, averaged) : averaged;
  return {
    members: fitted.map(({ member }) => member),
    calibration,
    predictions,
    target: held,
    loss: validationLoss(predictions, held, weights),
    bestSingleLoss: Math.min(...fitted.map(({ loss }) => loss)),
    evaluated: 1,
    leaderboard: fitted.map(({ loss, member }) => ({ name, loss, rounds: member.recipe.ridges.length - 1 })),
  };
}
