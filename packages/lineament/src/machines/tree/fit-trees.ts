import { kernelName } from "../../kernels/index.ts";
import { random } from "../../linalg/index.ts";
import { averageMembers } from "../automatic/average-members.ts";
import type { Crew } from "../crew/crew.ts";
import { cutShort, type FinishedChoice } from "../finished-choice.ts";
import type { CrewControl } from "../fit-control.ts";
import { labelsOf } from "../labels-of.ts";
import { type LearningProblem, takeTarget } from "../learning-problem.ts";
import { holdout } from "../validation.ts";
import { type FittedTree, fitTreeMembers, type TreeRecipe } from "./fit-tree-members.ts";

/** Rows of a leaf that its metric is learned from, unless given. */
export const LEAF_METRIC_ROWS = 2000;

/** Trees of feature machines, calibrated and averaged on a holdout of a fifth of the rows, at most 10,000. */
export async function fitTrees(
  crew: Crew,
  problem: LearningProblem,
  recipe: TreeRecipe,
  seed: number,
  { signal, enough, onProgress }: CrewControl,
): Promise<FinishedChoice> {
  const { target } = problem;
  const n = problem.x.coordinates.rows;
  const { train, validation } = holdout(n, 0.2, 10_000, random(seed), {
    labels: labelsOf(target),
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
  const name = kernelName(recipe.settings.kernel);
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
