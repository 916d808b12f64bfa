import { random, type Random, zeros } from "../../linalg/index.ts";
import type { Crew } from "../crew/crew.ts";
import type { CandidateWork } from "../crew/work.ts";
import { labelsOf } from "../labels-of.ts";
import { type LearningProblem, type Target, takeProblem } from "../learning-problem.ts";
import type { EarlyEnd } from "../unless-enough.ts";
import { crossValidationFolds, holdout, subsample } from "../validation.ts";
import { sharesOneUnit } from "../view.ts";
import { averageMembers, type AveragePredictions, withUnitWeight } from "./average-members.ts";
import {
  type Candidate,
  candidateKey,
  candidateName,
  neighbors,
  openingCandidates,
  type TableShape,
} from "./candidate.ts";
import { type Comparison, type Judged, openComparison } from "./comparison.ts";
import { validationLoss } from "./evaluation.ts";
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
  /** A member of less weight than this, at most 1/`members`, is not worth fitting to all rows. */
  readonly least: number;
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

/** The member of the least loss, the first of several. */
export function bestMember(members: readonly ChosenMember[]): ChosenMember {
  return members.reduce((a, b) => (b.loss < a.loss ? b : a));
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

/** `enough`: when it is aborted, no further candidates are tried; the first one always is. */
export interface SearchOptions extends EarlyEnd {
  readonly seed: number;
  readonly onProgress?: ((progress: SearchProgress) => void) | undefined;
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
  crew: Crew,
  problem: LearningProblem,
  given: SearchPlan,
  { seed, signal, enough, onProgress }: SearchOptions,
): Promise<SearchResult> {
  const n = problem.x.coordinates.rows;
  const wide = problem.x.coordinates.cols > WIDE;
  const plan = problem.x.coordinates.cols > BROAD && !wide ? lighter(given) : given;
  const categories = problem.groups.length + problem.blockSizes.length > 0;
  const { x, groups, blockSizes, rawScale } = problem;
  const oneUnit = sharesOneUnit({ x, y: zeros(n, 0), groups, blockSizes, rawScale });
  const shape = { wide, categories, oneUnit };
  const small = n <= plan.smallRows;
  const options = { agopRows: plan.agopRows, signal, enough };

  const opening = openingCandidates(shape);
  let planned = opening.length + plan.mutations;
  const screening = openComparison(crew, screeningWork(problem, plan, seed), {
    ...options,
    onJudged: (done, loss) => {
      planned = Math.max(planned, done);
      onProgress?.({ stage: "screening", done, of: planned, loss });
    },
  });
  const { judged } = screening;
  const seen = new Set<string>();
  /** Judges the first `most` that are new; how many there were. */
  const consider = async (candidates: readonly Candidate[], most = Infinity): Promise<number> => {
    const fresh = new Map(candidates.map((candidate) => [candidateKey(candidate), candidate]));
    for (const key of seen) fresh.delete(key);
    const chosen = [...fresh].slice(0, most);
    for (const [key] of chosen) seen.add(key);
    const ridges = { kind: small ? "search" : "coarse" } as const;
    await screening.judge(chosen.map(([, candidate]) => ({ candidate, rounds: plan.rounds, ridges })));
    return chosen.length;
  };
  const canTakeLogarithm =
    problem.target.task === "regression" && problem.target.y.data.every((value) => value > 0);
  let logarithm = false;
  if (canTakeLogarithm) {
    const probes = wide ? opening.slice(0, 1) : [opening[0]!, opening.find(({ p }) => p === 1)!];
    await consider(probes.flatMap((probe) => [false, true].map((log) => ({ ...probe, logarithm: log }))));
    logarithm = best(judged, 1)[0]?.candidate.logarithm ?? false;
  }
  await consider(opening.map((candidate) => ({ ...candidate, logarithm })));
  let changes = 0;
  for (const [rank, share] of [
    [0, 1 / 2],
    [1, 3 / 4],
    [0, 1],
  ] as const) {
    const parent = best(judged, rank + 1)[rank]?.candidate;
    if (parent)
      changes += await consider(neighbors(parent, shape), Math.ceil(plan.mutations * share) - changes);
  }
  if (canTakeLogarithm)
    await consider(
      best(judged, 2).map(({ candidate }) => ({ ...candidate, logarithm: !candidate.logarithm })),
    );
  if (judged.length === 0) throw new RangeError("no candidate machine could be solved: are all rows equal?");
  const found = (comparison: Comparison): SearchResult => ({
    ...average(comparison, plan, n),
    evaluated: screening.done,
    cutShort: enough?.aborted ?? false,
  });
  if (small) return found(screening);

  const finalists = chooseFinalists(screening, finalistCount(n, plan), shape);
  const final = openComparison(crew, finalWork(problem, plan, seed + 1), {
    ...options,
    needed: false,
    onJudged: (done, loss) => onProgress?.({ stage: "comparing", done, of: finalists.length, loss }),
  });
  await final.judge(
    finalists.map(({ candidate, ridges }) => ({
      candidate,
      rounds: Math.min(plan.rounds, ridges.length),
      ridges: { kind: "near", path: ridges },
    })),
  );
  return found(final.judged.length > 0 ? final : screening);
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
  { judged: entries, target, weights }: Comparison,
  plan: SearchPlan,
  n: number,
): Omit<SearchResult, "evaluated" | "cutShort"> {
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
  const members = withUnitWeight(
    ordered
      .map((entry, at) => ({ ...entry, weight: shares[at]! }))
      .filter(({ weight }) => weight > 0 && weight >= rule.least),
  );
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
  { judged, target, weights }: Comparison,
  count: number,
  { wide }: TableShape,
): Judged[] {
  const leaders = best(judged, Infinity);
  const entries = judged.toSorted((a, b) => a.loss - b.loss).slice(0, 40);
  const shares = greedyAverage(
    entries.map(({ predictions }) => predictions),
    (p) => validationLoss(p, target, weights),
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

/** The first comparison: folds of all rows where there are few, with thinned training parts or a single division where there are many. */
function screeningWork(problem: LearningProblem, plan: SearchPlan, seed: number): CandidateWork {
  const { rows: n, cols: d } = problem.x.coordinates;
  if (n <= plan.smallRows) return foldedWork(problem, n <= 1000 ? 5 : 4, seed);
  if (n <= plan.finalRows) {
    const generator = random(seed);
    const { folds, ...work } = foldedWork(problem, 2, seed);
    const thinned = folds.map(({ train, validation }) => ({
      train: thin(problem, train, plan.screeningRows, generator),
      validation,
    }));
    return { ...work, folds: thinned };
  }
  const { screeningRows } = plan;
  return subsampledWork(problem, screeningRows, Math.min(d > 100 ? 2000 : 4000, n - screeningRows), seed);
}

/** The second comparison: 3 folds of all rows, or a single division with `finalRows` training rows. */
function finalWork(problem: LearningProblem, { finalRows }: SearchPlan, seed: number): CandidateWork {
  const n = problem.x.coordinates.rows;
  if (n <= finalRows) return foldedWork(problem, 3, seed);
  return subsampledWork(problem, finalRows, Math.min(4000, n - finalRows), seed);
}

function foldedWork(problem: LearningProblem, count: number, seed: number): CandidateWork {
  const { x, target, rowGroups } = problem;
  const folds = crossValidationFolds(x.coordinates.rows, count, random(seed), {
    labels: labelsOf(target),
    groups: rowGroups,
  });
  return { kind: "candidate", problem, folds, seed };
}

function subsampledWork(
  problem: LearningProblem,
  training: number,
  validation: number,
  seed: number,
): CandidateWork {
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
  const folds = [{ train: thin(part, split.train, training, generator), validation: split.validation }];
  return { kind: "candidate", problem: part, folds, seed };
}

function thin({ target }: LearningProblem, rows: Int32Array, size: number, generator: Random): Int32Array {
  return subsample(rows, size, generator, labelsOf(target));
}
