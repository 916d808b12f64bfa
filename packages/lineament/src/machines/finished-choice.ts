import type { Matrix } from "../linalg/index.ts";
import type { Member } from "./automatic/refit.ts";
import type { Calibration } from "./calibration.ts";
import type { CutStage, SearchSummary } from "./feature-machine.ts";
import type { Target } from "./learning-problem.ts";

/** Fitted members, how they are put together, and what they predicted for rows that they were not fitted on. */
export interface FinishedChoice extends SearchSummary {
  readonly members: readonly Member[];
  /** Rows that the members' expansions count; all when absent. */
  readonly rows?: Int32Array | undefined;
  readonly calibration: Calibration | undefined;
  readonly predictions: Matrix<Float64Array>;
  readonly target: Target;
}

/** Those of the stages that ended early. */
export function cutShort(stages: Readonly<Record<CutStage, boolean>>): Pick<SearchSummary, "cutShort"> {
  const cut = (["search", "fit"] as const).filter((stage) => stages[stage]);
  return cut.length > 0 ? { cutShort: cut } : {};
}
