import { kernelName } from "../kernels/index.ts";
import { type Engine, random } from "../linalg/index.ts";
import { createArena, judgePredictions, type MachineSetup } from "./automatic/evaluation.ts";
import { PLANS } from "./automatic/plan.ts";
import { type Member, QUICK_METRIC_ROWS, refitMember } from "./automatic/refit.ts";
import type { Crew } from "./crew/crew.ts";
import { crossFittedMetric } from "./cross-fitted-metric.ts";
import { cutShort, type FinishedChoice } from "./finished-choice.ts";
import type { CrewControl, FitProgress } from "./fit-control.ts";
import { labelsOf } from "./labels-of.ts";
import {
  decodeValues,
  encodeTarget,
  fitTargetCoding,
  type LearningProblem,
  takeProblem,
} from "./learning-problem.ts";
import { fitNystrom } from "./nystrom/fit-nystrom.ts";
import { NystromFitOptions } from "./nystrom/options.ts";
import { machinePrecision, machineRidges, type ResolvedFitOptions } from "./options.ts";
import { chooseIterate, recursiveFeatureIterations } from "./recursive-feature-iterations.ts";
import { requirePositive } from "./require-positive.ts";
import { fitTrees, LEAF_METRIC_ROWS } from "./tree/fit-trees.ts";
import { crossValidationFolds, holdout, type Split } from "./validation.ts";
import { applyView, fitView } from "./view.ts";

/** Below so many rows, folds validate instead of a holdout. */
const FEW_ROWS = 500;
/** Below so many rows, the chosen iterate is fitted again on all of them, unless the machine says otherwise. */
const REFITTED_ROWS = 5000;

type GivenMachine = NonNullable<ResolvedFitOptions["machine"]>;

/**
 * Fits exactly the machine that the options describe. Validation rows (5 folds below 500 rows, else a holdout of a fifth, at
 * most 10,000 rows) pick the iterate, and the ridge if none is given; then the path is replayed on all rows, or with
 * `refit: false` the best iterate is kept as it is.
 */
export async function fitGivenMachine(
  crew: Crew,
  problem: LearningProblem,
  {
    machine,
    effort,
    centers = PLANS[effort].centers,
    seed,
  }: ResolvedFitOptions & { readonly machine: GivenMachine },
  control: CrewControl,
): Promise<FinishedChoice> {
  const { engine } = crew;
  const n = problem.x.coordinates.rows;
  if (control.stream) {
    const options = NystromFitOptions.parse({
      seed,
      centers: Math.min(n, centers),
      machine: { ...machine, tree: undefined },
    });
    return fitNystrom(engine, problem, options, control);
  }
  if (machine.logarithm) requirePositive(problem.target);
  const { refit, metricRows, tree } = machine;
  if (tree && n > tree.capacity) {
    const { iterations, stopFactor } = machine;
    const learning = { iterations, ridges: machineRidges(machine), stopFactor };
    const schedule = [metricRows ?? LEAF_METRIC_ROWS];
    return fitTrees(crew, problem, { ...setupOf(machine), ...tree, ...learning, schedule }, seed, control);
  }
  const again = n < FEW_ROWS || (refit ?? (n < REFITTED_ROWS && metricRows === undefined));
  return (again ? fitAndReplay : fitAndKeep)(engine, problem, machine, seed, control);
}

/** Replays the path to the best iterate on all rows. */
async function fitAndReplay(
  engine: Engine,
  problem: LearningProblem,
  machine: GivenMachine,
  seed: number,
  { signal, enough, onProgress }: CrewControl,
): Promise<FinishedChoice> {
  const { kernel, iterations, ridge, stopFactor, metricRows } = machine;
  const n = problem.x.coordinates.rows;
  const name = kernelName(kernel);
  const setup = setupOf(machine);
  const folds =
    n < FEW_ROWS
      ? crossValidationFolds(n, Math.min(5, n), random(seed), {
          labels: labelsOf(problem.target),
          groups: problem.rowGroups,
        })
      : [holdoutOf(problem, seed)];
  const arena = createArena(engine, problem, folds, { seed, stopFactor });
  const iterates = await arena.evaluate(
    setup,
    iterations,
    ridge === undefined ? { kind: "search" } : { kind: "fixed", ridges: [ridge] },
    { signal, enough },
  );
  if (iterates.length === 0) throw unsolved(name);
  const best = iterates.reduce((a, b) => (b.loss < a.loss ? b : a));
  onProgress?.(progressOf(iterations, machine, best.loss));
  const recipe = { ...setup, ridges: best.ridges, calibration: best.calibration, weight: 1 };
  const hurried = enough?.aborted ?? false;
  const whole = {
    metricRows: metricRows ?? (hurried ? QUICK_METRIC_ROWS : Infinity),
    solveRows: Infinity,
    heldOutAbove: Infinity,
  };
  const { member } = await refitMember(engine, problem, recipe, whole, new Int32Array(0), {
    seed: seed + 5,
    signal,
    enough: hurried ? undefined : enough,
  });
  return {
    members: [member],
    calibration: undefined,
    predictions: best.predictions,
    target: arena.target,
    loss: best.loss,
    bestSingleLoss: best.loss,
    evaluated: 1,
    leaderboard: iterates.map(({ loss, ridges }) => ({ name, loss, rounds: ridges.length - 1 })),
    ...cutShort({ search: false, fit: enough?.aborted ?? false }),
  };
}

/** Keeps the best iterate, which has not seen the validation rows, as it is. */
async function fitAndKeep(
  engine: Engine,
  problem: LearningProblem,
  machine: GivenMachine,
  seed: number,
  { signal, enough, onProgress }: CrewControl,
): Promise<FinishedChoice> {
  const { kernel, iterations, stopFactor, logarithm, metricRows } = machine;
  const name = kernelName(kernel);
  const setup = setupOf(machine);
  const ridges = machineRidges(machine);
  const { train, validation } = holdoutOf(problem, seed);
  const [part, held] = [takeProblem(problem, train), takeProblem(problem, validation)];
  const coding = fitTargetCoding(part.target, logarithm, part.weights);
  const y = encodeTarget(coding, part.target);
  const { blockSizes } = problem;
  const fitted = fitView(machine.view, false, { ...part, y });
  const blocks = blockSizes.length;
  const sampled = metricRows !== undefined && iterations > 0 && metricRows < train.length;
  const start = sampled
    ? await crossFittedMetric(engine, {
        problem: {
          x: applyView(fitted, problem.x, blocks),
          blockSizes,
          y: encodeTarget(coding, problem.target),
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
      schedule: metricRows === undefined ? undefined : [metricRows],
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
    onProgress?.(progressOf(iteration, machine, least));
  });
  const fit = enough?.aborted ?? false;
  if (!best) throw unsolved(name);
  const { predictions, calibration, loss } = judgePredictions(
    decodeValues(coding, best.values!),
    held.target,
    held.weights,
  );
  const rows = best.rows?.map((at) => train[at]!) ?? train;
  const coefficients = engine.allocate(rows.length, y.cols, setup.settings.precision);
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

function setupOf(machine: GivenMachine): MachineSetup {
  const { kernel, bandwidth, metric: form, power, normalization, centered, shrinkage, agopRows } = machine;
  const precision = machinePrecision(machine);
  return {
    view: machine.view,
    targetMeans: false,
    logarithm: machine.logarithm,
    settings: { kernel, bandwidth, form, power, normalization, centered, shrinkage, agopRows, precision },
  };
}

/** A fifth of the rows, at most 10,000, to validate on. */
function holdoutOf({ x, target, rowGroups }: LearningProblem, seed: number): Split {
  return holdout(x.coordinates.rows, 0.2, 10_000, random(seed), {
    labels: labelsOf(target),
    groups: rowGroups,
  });
}

function progressOf(iteration: number, { iterations }: GivenMachine, loss: number): FitProgress {
  return {
    stage: "comparing",
    fraction: (0.7 * (iteration + 1)) / (iterations + 1),
    message: `iterate ${iteration} of ${iterations}, validation loss ${loss.toPrecision(4)}`,
  };
}

function unsolved(name: string): RangeError {
  return new RangeError(
    `${name}: the kernel matrix is not positive definite even with jitter; use a larger ridge`,
  );
}
