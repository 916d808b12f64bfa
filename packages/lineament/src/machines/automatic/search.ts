import { type Engine, type Matrix, random, zeros } from "../../linalg/index.ts";
import { type Calibration, calibrate, fitCalibration } from "../calibration.ts";
import { type LearningProblem, type Target, takeProblem } from "../learning-problem.ts";
import { crossValidationFolds, holdout, type Split, subsample } from "../validation.ts";
import { type Candidate, candidateKey, candidateName, candidateSetup, neighbors, openingCandidates } from "./candidate.ts";
import { type Arena, type ArenaOptions, createArena, type Evaluated, type RidgeRule, validationLoss } from "./evaluation.ts";
import { greedyAverage } from "./greedy-average.ts";

/** How much the search tries. Counts, not seconds, so that the same seed gives the same machine everywhere. */
export interface SearchPlan {
  /** Training rows of the first comparison. */
  readonly screeningRows: number;
  /** Up to this many rows the first comparison is a cross-validation of all rows, and the only one. */
  readonly fullRows: number;
  /** Training rows of the second comparison, of the few best. */
  readonly finalRows: number;
  /** Candidates that go into the second comparison. */
  readonly finalists: number;
  /** Changes tried on the best candidates. */
  readonly mutations: number;
  /** Metric updates. */
  readonly rounds: number;
  /** Most machines in the average. */
  readonly members: number;
  /** Rows that gradients are averaged over. */
  readonly agopRows: number;
  /** Stop looking at further candidates at this time (performance.now()). */
  readonly deadline?: number | undefined;
}

/** What the search tells while it runs. */
export interface SearchProgress {
  readonly stage: "screening" | "comparing";
  /** Candidates judged so far and planned. */
  readonly done: number;
  readonly of: number;
  /** Best loss so far. */
  readonly loss: number;
}

/** One machine of the chosen average. */
export interface ChosenMember extends Pick<Judged, "candidate" | "setup" | "ridges" | "calibration" | "loss"> {
  readonly weight: number;
}

interface Judged extends Evaluated {
  readonly candidate: Candidate;
}

export interface SearchResult {
  readonly members: readonly ChosenMember[];
  /** Calibration of the averaged probabilities; undefined for regression. */
  readonly calibration: Calibration | undefined;
  /** Averaged predictions of rows that the predicting machines were not fitted on. */
  readonly predictions: Matrix<Float64Array>;
  readonly target: Target;
  readonly loss: number;
  readonly bestSingleLoss: number;
  /** Best loss of every candidate that was judged in the deciding comparison, best first. */
  readonly leaderboard: readonly { readonly name: string; readonly loss: number; readonly rounds: number }[];
  readonly evaluated: number;
}

/** Beyond this many coordinates coordinate-wise kernels are left out: their cost per pair is no matrix product. */
const WIDE = 400;
const AVERAGING_STEPS = 12;

/**
 * Chooses kernels, views, metrics, ridges and their average by validation on training rows alone: a broad comparison on
 * few rows, changes of the best, a second comparison on more rows, and a greedy average of the winners.
 */
export async function searchMachines(
  engine: Engine,
  problem: LearningProblem,
  plan: SearchPlan,
  { seed, signal, onProgress }: { readonly seed: number; readonly signal?: AbortSignal | undefined; readonly onProgress?: ((progress: SearchProgress) => void) | undefined },
): Promise<SearchResult> {
  const n = problem.x.coordinates.rows;
  const wide = problem.x.coordinates.cols > WIDE;
  const categories = problem.groups.length + problem.blockSizes.length > 0;
  const small = n <= plan.fullRows;
  const options = { rounds: plan.rounds, seed, signal };
  const judge = async (arena: Arena, candidate: Candidate, ridges?: RidgeRule): Promise<Judged[]> =>
    (await arena.evaluate(candidateSetup(candidate, plan.agopRows), ridges)).map((evaluated) => ({ ...evaluated, candidate }));
  const late = (): boolean => plan.deadline !== undefined && performance.now() > plan.deadline;

  const screening = small
    ? createArena(engine, problem, folds(problem, n <= 1000 ? 5 : 4, seed), options)
    : screeningArena(engine, problem, plan, seed, options);
  const judged: Judged[] = [];
  const seen = new Set<string>();
  let planned = openingCandidates(wide).length + plan.mutations;
  const consider = async (candidate: Candidate): Promise<boolean> => {
    const key = candidateKey(candidate);
    if (seen.has(key) || (judged.length > 0 && late())) return false;
    seen.add(key);
    judged.push(...(await judge(screening, candidate)));
    planned = Math.max(planned, seen.size);
    onProgress?.({ stage: "screening", done: seen.size, of: planned, loss: best(judged, 1)[0]?.loss ?? Infinity });
    return true;
  };
  const canTakeLogarithm = problem.target.task === "regression" && problem.target.y.data.every((value) => value > 0);
  const opening = openingCandidates(wide);
  let logarithm = false;
  if (canTakeLogarithm) {
    const probes = wide ? opening.slice(0, 1) : [opening[0]!, opening.find(({ p }) => p === 1)!];
    for (const probe of probes) for (const log of [false, true]) await consider({ ...probe, logarithm: log });
    logarithm = best(judged, 1)[0]?.candidate.logarithm ?? false;
  }
  for (const candidate of opening) await consider({ ...candidate, logarithm });
  if (categories) for (const { candidate } of best(judged, 3)) await consider({ ...candidate, targetMeans: true });
  for (const [rank, share] of [[0, 0.34], [1, 0.33], [0, 0.33]] as const) {
    const parent = best(judged, rank + 1)[rank]?.candidate;
    let tried = 0;
    for (const candidate of parent ? neighbors(parent, { wide, categories }) : [])
      if (tried < plan.mutations * share && (await consider(candidate))) tried++;
  }
  if (canTakeLogarithm) for (const { candidate } of best(judged, 2)) await consider({ ...candidate, logarithm: !candidate.logarithm });
  if (judged.length === 0) throw new RangeError("no candidate machine could be solved: are all rows equal?");

  let arena = screening;
  let entries: Judged[] = judged;
  if (!small) {
    arena = n <= plan.finalRows * 1.5
      ? createArena(engine, problem, folds(problem, 3, seed + 1), options)
      : finalArena(engine, problem, plan, seed, options);
    const finalists = chooseFinalists(screening, judged, plan);
    entries = [];
    for (const [at, { candidate, ridges }] of finalists.entries()) {
      if (entries.length > 0 && late()) break;
      entries.push(...(await judge(arena, candidate, { kind: "near", path: ridges })));
      onProgress?.({ stage: "comparing", done: at + 1, of: finalists.length, loss: best(entries, 1)[0]?.loss ?? Infinity });
    }
  }
  return { ...average(arena, entries, plan.members), evaluated: seen.size };
}

/** Greedy average of the best entries, and its calibration. */
function average(arena: Arena, entries: readonly Judged[], most: number): Omit<SearchResult, "evaluated"> {
  const { target, weights } = arena;
  const sorted = entries.toSorted((a, b) => a.loss - b.loss).slice(0, 40);
  const shares = greedyAverage(sorted.map(({ predictions }) => predictions), (p) => validationLoss(p, target, weights), AVERAGING_STEPS, most);
  const members = sorted.map((entry, at) => ({ ...entry, weight: shares[at]! })).filter(({ weight }) => weight > 0);
  const averaged = zeros(sorted[0]!.predictions.rows, sorted[0]!.predictions.cols);
  for (const { predictions, weight } of members) for (let i = 0; i < averaged.data.length; i++) averaged.data[i]! += weight * predictions.data[i]!;
  let calibration: Calibration | undefined;
  let predictions = averaged;
  if (target.task === "classification") {
    const { slope } = fitCalibration("logarithmic", averaged, target.labels, weights);
    calibration = { kind: "logarithmic", slope: Math.min(1.5, Math.max(0.7, slope)) };
    predictions = calibrate(calibration, averaged);
  }
  const leaders = best(entries, Infinity);
  return {
    members: members.map(({ candidate, setup, ridges, calibration: own, loss, weight }) => ({ candidate, setup, ridges, calibration: own, loss, weight })),
    calibration,
    predictions,
    target,
    loss: validationLoss(predictions, target, weights),
    bestSingleLoss: sorted[0]!.loss,
    leaderboard: leaders.map(({ candidate, loss, ridges }) => ({ name: candidateName(candidate), loss, rounds: ridges.length - 1 })),
  };
}

/** The best round of each candidate, best candidates first. */
function best(entries: readonly Judged[], count: number): Judged[] {
  const seen = new Set<string>();
  const result: Judged[] = [];
  for (const entry of entries.toSorted((a, b) => a.loss - b.loss)) {
    if (result.length >= count) break;
    const key = candidateKey(entry.candidate);
    if (seen.has(key)) continue;
    seen.add(key);
    result.push(entry);
  }
  return result;
}

/** The best few, and those that the greedy average of the first comparison wants. */
function chooseFinalists(arena: Arena, judged: readonly Judged[], plan: SearchPlan): Judged[] {
  const leaders = best(judged, 20);
  const shares = greedyAverage(leaders.map(({ predictions }) => predictions), (p) => validationLoss(p, arena.target, arena.weights), AVERAGING_STEPS, plan.finalists);
  const sure = leaders.slice(0, Math.ceil((plan.finalists * 2) / 3));
  const wanted = leaders
    .map((entry, at) => ({ entry, share: shares[at]! }))
    .filter(({ entry, share }) => share > 0 && !sure.includes(entry))
    .toSorted((a, b) => b.share - a.share)
    .map(({ entry }) => entry);
  return [...sure, ...wanted].slice(0, plan.finalists);
}

function labelsOf(target: Target): Int32Array | undefined {
  return target.task === "classification" ? target.labels : undefined;
}

function folds({ x, target, rowGroups }: LearningProblem, count: number, seed: number): Split[] {
  return crossValidationFolds(x.coordinates.rows, count, random(seed), { labels: labelsOf(target), groups: rowGroups });
}

/** A single division of a subsample: few training rows, up to 2,000 validation rows. */
function screeningArena(engine: Engine, problem: LearningProblem, plan: SearchPlan, seed: number, options: ArenaOptions): Arena {
  const n = problem.x.coordinates.rows;
  const validation = Math.min(2000, Math.max(1000, Math.floor(n / 3)));
  const training = Math.min(plan.screeningRows, n - validation);
  return subsampledArena(engine, problem, training, validation, seed, options);
}

/** A single division with `finalRows` training rows and up to 4,000 validation rows. */
function finalArena(engine: Engine, problem: LearningProblem, plan: SearchPlan, seed: number, options: ArenaOptions): Arena {
  const n = problem.x.coordinates.rows;
  return subsampledArena(engine, problem, plan.finalRows, Math.min(4000, n - plan.finalRows), seed + 1, options);
}

function subsampledArena(engine: Engine, problem: LearningProblem, training: number, validation: number, seed: number, options: ArenaOptions): Arena {
  const n = problem.x.coordinates.rows;
  const generator = random(seed);
  const labels = labelsOf(problem.target);
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const chosen = subsample(all, training + validation, generator, labels);
  const part = takeProblem(problem, chosen);
  const split = holdout(chosen.length, validation / chosen.length, validation, generator, { labels: labelsOf(part.target), groups: part.rowGroups });
  const train = split.train.length > training ? subsample(split.train, training, generator, labelsOf(part.target)) : split.train;
  return createArena(engine, part, [{ train, validation: split.validation }], options);
}

