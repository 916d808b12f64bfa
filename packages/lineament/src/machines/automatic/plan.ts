import type { Effort } from "../options.ts";
import type { RefitPlan } from "./refit.ts";
import type { SearchPlan } from "./search.ts";

/** What each effort tries and fits. All sizes are rows; none depends on the machine that runs it. */
export const PLANS: Readonly<Record<Effort, { readonly search: SearchPlan; readonly refit: RefitPlan }>> = {
  quick: {
    search: { screeningRows: 800, fullRows: 600, finalRows: 2000, finalists: 2, mutations: 0, rounds: 2, members: 2, agopRows: 1000 },
    refit: { metricRows: 3000, solveRows: 8000 },
  },
  default: {
    search: { screeningRows: 1500, fullRows: 1500, finalRows: 4000, finalists: 6, mutations: 24, rounds: 3, members: 4, agopRows: 2000 },
    refit: { metricRows: 6000, solveRows: 16_000 },
  },
  thorough: {
    search: { screeningRows: 3000, fullRows: 4000, finalRows: 8000, finalists: 10, mutations: 60, rounds: 5, members: 8, agopRows: 5000 },
    refit: { metricRows: 10_000, solveRows: 20_000 },
  },
};
