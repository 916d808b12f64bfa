import type { Engine } from "../linalg/index.ts";
import { anySignal } from "./any-signal.ts";
import { fitChosenMachines } from "./automatic/fit-chosen-machines.ts";
import { SEARCH_SHARE } from "./automatic/plan.ts";
import { openCrew } from "./crew/crew.ts";
import { FeatureMachine } from "./feature-machine.ts";
import type { CrewControl, FitControl } from "./fit-control.ts";
import { fitGivenMachine } from "./fit-given-machine.ts";
import { type LearningProblem, takePoints, withBalancedClasses } from "./learning-problem.ts";
import type { ResolvedFitOptions } from "./options.ts";
import { timeLimit } from "./time-limit.ts";

/**
 * Fits a feature machine to a prepared problem: chooses (or takes) the members, then fits each on all rows.
 * The validation rules are those of the search; test rows never enter.
 */
export async function fitFeatureMachine(
  engine: Engine,
  given: LearningProblem,
  options: ResolvedFitOptions,
  { workers, ...control }: FitControl = {},
): Promise<FeatureMachine> {
  const problem = options.classWeights === "balanced" ? withBalancedClasses(given) : given;
  const { machine, seconds } = options;
  const crew = openCrew(engine, { workers });
  const { members, rows, calibration, predictions, target, ...summary } = await inTime(
    seconds,
    control,
    (timed) =>
      machine
        ? fitGivenMachine(crew, problem, { ...options, machine }, timed)
        : fitChosenMachines(crew, problem, options, timed),
  ).finally(() => crew.close());
  control.onProgress?.({ stage: "fitting", fraction: 1, message: "fitted" });
  return new FeatureMachine(engine, {
    task: target.task,
    outputs: target.task === "regression" ? target.y.cols : target.classes,
    x: rows ? takePoints(problem.x, rows, problem.blockSizes.length) : problem.x,
    rows,
    blockSizes: problem.blockSizes,
    groups: problem.groups,
    members,
    calibration,
    validation: { predictions, target },
    summary,
  });
}

/** Says that it is enough when the time is over, and to the search in time for the fit to all rows. */
async function inTime<T>(
  seconds: number | undefined,
  control: CrewControl,
  work: (control: CrewControl) => Promise<T>,
): Promise<T> {
  const limit = timeLimit(seconds);
  const searchLimit = timeLimit(seconds && SEARCH_SHARE * seconds);
  try {
    const { enoughSearch = searchLimit.signal } = control;
    return await work({ ...control, enough: anySignal(control.enough, limit.signal), enoughSearch });
  } finally {
    limit.clear();
    searchLimit.clear();
  }
}
