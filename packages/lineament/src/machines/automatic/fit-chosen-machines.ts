import { anySignal } from "../any-signal.ts";
import type { Crew } from "../crew/crew.ts";
import { cutShort, type FinishedChoice } from "../finished-choice.ts";
import type { CrewControl } from "../fit-control.ts";
import type { LearningProblem } from "../learning-problem.ts";
import { fitNystrom } from "../nystrom/fit-nystrom.ts";
import { NystromFitOptions, type ResolvedNystromFitOptions } from "../nystrom/options.ts";
import type { ResolvedFitOptions } from "../options.ts";
import type { TreeRecipe } from "../tree/fit-tree-members.ts";
import { fitTrees, LEAF_METRIC_ROWS } from "../tree/fit-trees.ts";
import { preferredMethod } from "./choose-method.ts";
import { fitMembers } from "./fit-members.ts";
import { type Plan, PLANS } from "./plan.ts";
import { bestMember, type ChosenMember, searchMachines } from "./search.ts";

/** Metric updates of leaves of a chosen machine: they begin with a metric of the whole. */
const LEAF_UPDATES = 2;
/** What leaves of a chosen machine multiply its ridge by. */
const LEAF_RIDGES = [0.3, 1, 3];

/** Searches for the machines to average and fits each on all rows. */
export async function fitChosenMachines(
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
  const { members, evaluated, leaderboard } = found;
  const n = problem.x.coordinates.rows;
  const by = method ?? preferredMethod(n, effort);
  // The matrices of the fit need the memory that its threads hold.
  if (by !== "tree") crew.close();
  const late: CrewControl = {
    stream,
    signal,
    enough,
    onProgress: ({ stage, fraction, message }) =>
      onProgress?.({ stage, fraction: 0.7 + 0.3 * fraction, message }),
  };
  const fitted =
    by === "tree"
      ? await fitTrees(crew, problem, treeRecipe(bestMember(members), plan), seed + 5, late)
      : by === "nystrom"
        ? await fitNystrom(
            engine,
            problem,
            nystromOptions(members, plan, Math.min(n, centers), seed + 5),
            late,
          )
        : await fitMembers(engine, problem, found, plan, seed, late);
  return {
    ...fitted,
    evaluated,
    leaderboard,
    ...cutShort({ search: found.cutShort, fit: fitted.cutShort !== undefined }),
  };
}

/** Trees whose leaves learn as a machine did that was found on fewer rows. */
function treeRecipe({ setup, ridges }: ChosenMember, { tree, agopRows }: Plan): TreeRecipe {
  return {
    ...setup,
    ...tree,
    settings: { ...setup.settings, agopRows },
    iterations: Math.min(LEAF_UPDATES, ridges.length - 1),
    ridges: LEAF_RIDGES.map((factor) => factor * ridges.at(-1)!),
    schedule: [LEAF_METRIC_ROWS],
    stopFactor: 1.1,
  };
}

/** A Nyström machine like the best one that shows no target means, if there is one without. */
function nystromOptions(
  members: readonly ChosenMember[],
  { agopRows, search, refit }: Plan,
  centers: number,
  seed: number,
): ResolvedNystromFitOptions {
  const plain = members.filter(({ candidate }) => !candidate.targetMeans);
  const { view, logarithm, settings } = bestMember(plain.length > 0 ? plain : members).setup;
  const { form: metric, ...rest } = settings;
  return NystromFitOptions.parse({
    seed,
    centers,
    machine: {
      ...rest,
      metric,
      view,
      logarithm,
      agopRows,
      iterations: search.rounds,
      metricRows: refit.metricRows,
    },
  });
}
