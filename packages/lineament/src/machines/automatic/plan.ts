import type { Effort } from "../options.ts";
import type { RefitPlan } from "./refit.ts";
import type { SearchPlan } from "./search.ts";

export interface Plan {
  readonly search: SearchPlan;
  readonly refit: RefitPlan;
  /** Rows that gradients are averaged over in the final fit; the search, which only compares, takes fewer. */
  readonly agopRows: number;
  /**
   * Up to so many rows, pieces of `refit.solveRows` rows are averaged: as accurate as a tree there. More rows are divided by trees, whose
   * predictions ask a few leaves instead of all rows.
   */
  readonly directRows: number;
  readonly tree: { readonly capacity: number; readonly overlap: number; readonly trees: number };
  /** M of a Nyström machine, where time does not allow a tree. */
  readonly centers: number;
}

/** Part of the time allowed for a fit that the search may take, unless something else says when it ends. */
export const SEARCH_SHARE = 0.6;

/** What each effort tries and fits. All sizes are rows; none depends on the machine that runs it. */
export const PLANS: Readonly<Record<Effort, Plan>> = {
  quick: {
    search: {
      screeningRows: 800,
      smallRows: 800,
      finalRows: 2000,
      finalists: 2,
      mutations: 0,
      rounds: 2,
      agopRows: 500,
      average: averages(3),
    },
    refit: { metricRows: 3000, solveRows: 8000, heldOutAbove: 2000 },
    agopRows: 1000,
    directRows: 100_000,
    tree: { capacity: 8000, overlap: 0.05, trees: 1 },
    centers: 3000,
  },
  default: {
    search: {
      screeningRows: 1500,
      smallRows: 1500,
      finalRows: 4000,
      finalists: 7,
      mutations: 16,
      rounds: 3,
      agopRows: 1000,
      average: averages(10),
    },
    refit: { metricRows: 6000, solveRows: 16_000, heldOutAbove: 4000 },
    agopRows: 2000,
    directRows: 100_000,
    tree: { capacity: 8000, overlap: 0.05, trees: 1 },
    centers: 5000,
  },
  thorough: {
    search: {
      screeningRows: 3000,
      smallRows: 4000,
      finalRows: 8000,
      finalists: 12,
      mutations: 60,
      rounds: 5,
      agopRows: 2500,
      average: averages(16),
    },
    refit: { metricRows: 10_000, solveRows: 20_000, heldOutAbove: 8000 },
    agopRows: 5000,
    directRows: 200_000,
    tree: { capacity: 12_000, overlap: 0.05, trees: 2 },
    centers: 8000,
  },
};

function averages(members: number): SearchPlan["average"] {
  return {
    regression: {
      initial: Math.min(5, members),
      tolerance: 1.1,
      penalty: 0.2,
      steps: 20,
      members: Math.ceil(0.8 * members),
      least: 0,
    },
    classification: {
      initial: Math.min(9, members),
      tolerance: 1.25,
      penalty: 0.2,
      steps: 24,
      members,
      least: 0,
    },
    large: {
      initial: Math.min(2, members),
      tolerance: Infinity,
      penalty: 0,
      steps: 12,
      members: Math.ceil(0.2 * members),
      least: 0.15,
    },
  };
}
