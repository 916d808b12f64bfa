import { type Engine, type Matrix, random } from "../../linalg/index.ts";
import type { Calibration } from "../calibration.ts";
import { cutShort, type FinishedChoice } from "../finished-choice.ts";
import type { CrewControl } from "../fit-control.ts";
import { labelsOf } from "../labels-of.ts";
import {
  decodeValues,
  type LearningProblem,
  takeProblem,
  takeTarget,
  type Target,
} from "../learning-problem.ts";
import { type EarlyEnd, unlessEnough } from "../unless-enough.ts";
import { subsample } from "../validation.ts";
import { averageMembers, withUnitWeight } from "./average-members.ts";
import { judgePredictions, validationLoss } from "./evaluation.ts";
import { greedyAverage } from "./greedy-average.ts";
import type { Plan } from "./plan.ts";
import {
  heldOutRows,
  largestSolve,
  type Member,
  QUICK_METRIC_ROWS,
  QUICK_ROWS,
  refitMember,
  type Refitted,
} from "./refit.ts";
import { bestMember, type ChosenMember, type SearchResult } from "./search.ts";

/**
 * Fits the chosen members to all rows in turn. Of those that are not done when it is enough only the first is kept. When it is enough
 * already, the best one is fitted to a sample of rows.
 */
export async function fitMembers(
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
  const chosen = hurried ? [bestMember(found.members)] : found.members;
  const sizes = hurried ? { ...plan.refit, metricRows: QUICK_METRIC_ROWS } : plan.refit;
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
  const all = Int32Array.from({ length: n }, (_, i) => i);
  return n > size ? subsample(all, size, random(seed), labelsOf(target)) : undefined;
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
