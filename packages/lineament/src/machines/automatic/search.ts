import { type Engine, random, type Random, zeros } from "../../linalg/index.ts";
import { type LearningProblem, type Target, takeProblem } from "../learning-problem.ts";
import { crossValidationFolds, holdout, type Split, subsample } from "../validation.ts";
import { sharesOneUnit } from "../view.ts";
import { averageMembers, type AveragePredictions } from "./average-members.ts";
import {
  type Candidate,
  candidateKey,
  candidateName,
  candidateSetup,
  neighbors,
  openingCandidates,
  type TableShape,
} from "./candidate.ts";
import {
  type Arena,
  type ArenaOptions,
  createArena,
  type Evaluated,
  type RidgeRule,
  validationLoss,
} from "./evaluation.ts";
import { greedyAverage } from "./greedy-average.ts";

/** How much the search tries. Counts, not seconds, so that the same seed gives the same machine everywhere. */
export interface SearchPlan {
  /** Most training rows of a fold in the first comparison. */
  readonly screeningRows: number;
  /** Up to this many rows, the first comparison is a cross-validation of all rows and the only one. */
  readonly smallRows: number;
  /** Most training rows in the second comparison; up to this many rows it is a 3-fold cross-validation. */
  readonly finalRows: number;
  /** Candidates that go into the second comparison. */
  readonly finalists: number;
  /** Changes tried on the best candidates. */
  readonly mutations: number;
  /** Metric updates. */
  readonly rounds: number;
  /** How the winners are averaged: for regression and classification up to `finalRows` rows, and beyond. */
  readonly average: Readonly<Record<"regression" | "classification" | "large", AverageRule>>;
  /** Rows that gradients are averaged over. */
  readonly agopRows: number;
}

export interface AverageRule {
  /** The average starts from the best of each kind of machine, at most so many … */
  readonly initial: number;
  /** … whose loss is at most this multiple of the best. */
  readonly tolerance: number;
  /** Charge for each step, in nats (or units of twice the best loss, for regression) per row of the table. */
  readonly penalty: number;
  readonly steps: number;
  readonly members: number;
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
export interface ChosenMember extends Pick<
  Judged,
  "candidate" | "setup" | "ridges" | "calibration" | "loss" | "predictions"
> {
  readonly weight: number;
}

interface Judged extends Evaluated {
  readonly candidate: Candidate;
}

/** What was chosen, and what the average predicts for rows that the predicting machines were not fitted on. */
export interface SearchResult extends AveragePredictions {
  readonly members: readonly ChosenMember[];
  /** Of the rows that were predicted. */
  readonly target: Target;
  readonly weights: Float64Array | undefined;
  readonly bestSingleLoss: number;
  /** Best loss of every candidate that was judged in the deciding comparison, best first. */
  readonly leaderboard: readonly { readonly name: string; readonly loss: number; readonly rounds: number }[];
  readonly evaluated: number;
  /** Whether candidates were left out because it was enough. */
  readonly cutShort: boolean;
}

/** Beyond this many coordinates coordinate-wise kernels are left out: their cost per pair is no matrix product. */
export const WIDE = 400;
/** Beyond this many coordinates, coordinate-wise kernels are compared on fewer rows and fewer finalists are compared again. */
export const BROAD = 150;

/**
 * Chooses kernels, views, metrics, ridges and their average by validation on training rows alone: a broad comparison on
 * few rows, changes of the best, a second comparison on more rows, and a greedy average of the winners.
 */
export async function searchMachines(
  engine: Engine,
  problem: LearningProblem,
  given: SearchPlan,
  {
    seed,
    signal,
    enough,
    onProgress,
  }: {
    readonly seed: number;
    readonly signal?: AbortSignal | undefined;
    /** When it is aborted, no further candidates are tried; the first one always is. */
    readonly enough?: AbortSignal | undefined;
    readonly onProgress?: ((progress: SearchProgress) => void) | undefined;
  },
): Promise<SearchResult> {
  const n = problem.x.coordinates.rows;
  const wide = problem.x.coordinates.cols > WIDE;
  const plan = problem.x.coordinates.cols > BROAD && !wide ? lighter(given) : given;
  const categories = problem.groups.length + problem.blockSizes.length > 0;
  const { x, groups, blockSizes, rawScale } = problem;
  const oneUnit = sharesOneUnit({ x, y: zeros(n, 0), groups, blockSizes, rawScale });
  const shape = { wide, categories, oneUnit };
  const small = n <= plan.smallRows;
  const options = { seed, signal, enough };
  const judge = async (
    arena: Arena,
    candidate: Candidate,
    rounds: number,
    ridges?: RidgeRule,
  ): Promise<Judged[]> =>
    (await arena.evaluate(candidateSetup(candidate, plan.agopRows), rounds, ridges)).map((evaluated) => ({
      ...evaluated,
      candidate,
    }));
  let cutShort = false;
  const late = (): boolean => {
    cutShort ||= enough?.aborted ?? false;
    return cutShort;
  };

  const screening = screeningArena(engine, problem, plan, seed, options);
  const judged: Judged[] = [];
  const seen = new Set<string>();
  const opening = openingCandidates(shape);
  let planned = opening.length + plan.mutations;
  const consider = async (candidate: Candidate): Promise<boolean> => {
    const key = candidateKey(candidate);
    if (seen.has(key) || (judged.length > 0 && late())) return false;
    seen.add(key);
    judged.push(...(await judge(screening, candidate, plan.rounds, { kind: small ? "search" : "coarse" })));
    planned = Math.max(planned, seen.size);
    onProgress?.({
      stage: "screening",
      done: seen.size,
      of: planned,
      loss: best(judged, 1)[0]?.loss ?? Infinity,
    });
    return true;
  };
  const canTakeLogarithm =
    problem.target.task === "regression" && problem.target.y.data.every((value) => value > 0);
  let logarithm = false;
  if (canTakeLogarithm) {
    const probes = wide ? opening.slice(0, 1) : [opening[0]!, opening.find(({ p }) => p === 1)!];
    for (const probe of probes) for (const log of [false, true]) await consider({ ...probe, logarithm: log });
    logarithm = best(judged, 1)[0]?.candidate.logarithm ?? false;
  }
  for (const candidate of opening) await consider({ ...candidate, logarithm });
  let changes = 0;
  for (const [rank, share] of [
    [0, 1 / 2],
    [1, 3 / 4],
    [0, 1],
  ] as const) {
    const parent = best(judged, rank + 1)[rank]?.candidate;
    for (const candidate of parent ? neighbors(parent, shape) : [])
      if (changes < plan.mutations * share && (await consider(candidate))) changes++;
  }
  if (canTakeLogarithm)
    for (const { candidate } of best(judged, 2))
      await consider({ ...candidate, logarithm: !candidate.logarithm });
  if (judged.length === 0) throw new RangeError("no candidate machine could be solved: are all rows equal?");

  const screened = () => ({ ...average(screening, judged, plan, n), evaluated: seen.size, cutShort });
  if (small || late()) return screened();
  const arena = finalArena(engine, problem, plan, seed, options);
  const finalists = chooseFinalists(screening, judged, finalistCount(n, plan), shape);
  const entries: Judged[] = [];
  for (const [at, { candidate, ridges }] of finalists.entries()) {
    if (late()) break;
    entries.push(
      ...(await judge(arena, candidate, Math.min(plan.rounds, ridges.length), {
        kind: "near",
        path: ridges,
      })),
    );
    onProgress?.({
      stage: "comparing",
      done: at + 1,
      of: finalists.length,
      loss: best(entries, 1)[0]?.loss ?? Infinity,
    });
  }
  if (entries.length === 0) return screened();
  return { ...average(arena, entries, plan, n), evaluated: seen.size, cutShort };
}

/** The plan with about half the cost of every comparison. */
export function lighter(plan: SearchPlan): SearchPlan {
  return {
    ...plan,
    screeningRows: Math.round((2 / 3) * plan.screeningRows),
    agopRows: Math.round(plan.agopRows / 2),
    finalists: Math.max(2, plan.finalists - 3),
    rounds: Math.max(1, plan.rounds - 1),
    mutations: Math.round(0.6 * plan.mutations),
  };
}

/** Machines that an average of n rows may have at most: fewer where each is a fit of many rows. */
export function mostMembers(
  n: number,
  task: Target["task"],
  { finalRows, average: rules }: SearchPlan,
): number {
  if (n <= finalRows) return rules[task].members;
  return rules.large.members + (n <= 3 * finalRows ? 2 : 0);
}

/** Candidates that go into the second comparison of n rows: a few more than may be averaged. */
export function finalistCount(n: number, plan: SearchPlan): number {
  return Math.min(plan.finalists, 2 * mostMembers(n, "classification", plan) + 1);
}

/** Averages the best entries greedily and calibrates the average. */
function average(
  arena: Arena,
  entries: readonly Judged[],
  plan: SearchPlan,
  n: number,
): Omit<SearchResult, "evaluated" | "cutShort"> {
  const { target, weights } = arena;
  const rule = plan.average[n > plan.finalRows ? "large" : target.task];
  const leaders = best(entries, Infinity);
  const leading = leaders[0]!.loss;
  const slack = target.task === "classification" ? 2 / n : 0;
  const sorted = entries.toSorted((a, b) => a.loss - b.loss).slice(0, 60);
  const kinds = new Set<string>();
  const different = leaders.filter(({ candidate, loss }) => {
    const kind = `${candidate.p} ${candidate.form} ${candidate.view}`;
    if (kinds.has(kind) || loss > rule.tolerance * leading + slack) return false;
    return kinds.add(kind);
  });
  const ordered = [...different, ...sorted.filter((entry) => !different.includes(entry))];
  const shares = greedyAverage(
    ordered.map(({ predictions }) => predictions),
    (p) => validationLoss(p, target, weights),
    {
      steps: rule.steps,
      members: mostMembers(n, target.task, plan),
      initial: Math.min(rule.initial, different.length),
      penalty: ((target.task === "classification" ? 1 : 2 * leading) * rule.penalty) / n,
    },
  );
  const members = ordered
    .map((entry, at) => ({ ...entry, weight: shares[at]! }))
    .filter(({ weight }) => weight > 0);
  return {
    ...averageMembers(members, target, weights),
    members,
    target,
    weights,
    bestSingleLoss: leading,
    leaderboard: leaders.map(({ candidate, loss, ridges }) => ({
      name: candidateName(candidate),
      loss,
      rounds: ridges.length - 1,
    })),
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

/** The best four, those that a greedy average wants, and one of each norm that is not far behind. */
function chooseFinalists(
  arena: Arena,
  judged: readonly Judged[],
  count: number,
  { wide }: TableShape,
): Judged[] {
  const leaders = best(judged, Infinity);
  const entries = judged.toSorted((a, b) => a.loss - b.loss).slice(0, 40);
  const shares = greedyAverage(
    entries.map(({ predictions }) => predictions),
    (p) => validationLoss(p, arena.target, arena.weights),
    { steps: 12, members: 5 },
  );
  const finalists = leaders.slice(0, Math.min(4, count));
  const has = (entry: Judged): boolean =>
    finalists.some(({ candidate }) => candidateKey(candidate) === candidateKey(entry.candidate));
  const wanted = entries
    .map((entry, at) => ({ entry, share: shares[at]! }))
    .filter(({ share }) => share > 0)
    .toSorted((a, b) => b.share - a.share);
  for (const { entry } of wanted) if (finalists.length < count && !has(entry)) finalists.push(entry);
  for (const p of wide ? [2] : [1, 2]) {
    if (finalists.some(({ candidate }) => candidate.p === p)) continue;
    const leader = leaders.find(({ candidate, loss }) => candidate.p === p && loss < 1.15 * leaders[0]!.loss);
    if (leader) finalists.push(leader);
  }
  return finalists;
}

function labelsOf(target: Target): Int32Array | undefined {
  return target.task === "classification" ? target.labels : undefined;
}

function folds({ x, target, rowGroups }: LearningProblem, count: number, seed: number): Split[] {
  return crossValidationFolds(x.coordinates.rows, count, random(seed), {
    labels: labelsOf(target),
    groups: rowGroups,
  });
}

/** The first comparison: folds of all rows where there are few, with thinned training parts or a single division where there are many. */
function screeningArena(
  engine: Engine,
  problem: LearningProblem,
  plan: SearchPlan,
  seed: number,
  options: ArenaOptions,
): Arena {
  const { rows: n, cols: d } = problem.x.coordinates;
  if (n <= plan.smallRows)
    return createArena(engine, problem, folds(problem, n <= 1000 ? 5 : 4, seed), options);
  if (n <= plan.finalRows) {
    const generator = random(seed);
    const thinned = folds(problem, 2, seed).map(({ train, validation }) => ({
      train: thin(problem, train, plan.screeningRows, generator),
      validation,
    }));
    return createArena(engine, problem, thinned, options);
  }
  return subsampledArena(
    engine,
    problem,
    plan.screeningRows,
    Math.min(d > 100 ? 2000 : 4000, n - plan.screeningRows),
    seed,
    options,
  );
}

/** The second comparison: 3 folds of all rows, or a single division with `finalRows` training rows. */
function finalArena(
  engine: Engine,
  problem: LearningProblem,
  plan: SearchPlan,
  seed: number,
  options: ArenaOptions,
): Arena {
  const n = problem.x.coordinates.rows;
  if (n <= plan.finalRows) return createArena(engine, problem, folds(problem, 3, seed + 1), options);
  return subsampledArena(
    engine,
    problem,
    plan.finalRows,
    Math.min(4000, n - plan.finalRows),
    seed + 1,
    options,
  );
}

function thin({ target }: LearningProblem, rows: Int32Array, size: number, generator: Random): Int32Array {
  return subsample(rows, size, generator, labelsOf(target));
}

function subsampledArena(
  engine: Engine,
  problem: LearningProblem,
  training: number,
  validation: number,
  seed: number,
  options: ArenaOptions,
): Arena {
  const n = problem.x.coordinates.rows;
  const generator = random(seed);
  const labels = labelsOf(problem.target);
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const chosen = subsample(all, training + validation, generator, labels);
  const part = takeProblem(problem, chosen);
  const split = holdout(chosen.length, validation / chosen.length, validation, generator, {
    labels: labelsOf(part.target),
    groups: part.rowGroups,
  });
  return createArena(
    engine,
    part,
    [{ train: thin(part, split.train, training, generator), validation: split.validation }],
    options,
  );
}
