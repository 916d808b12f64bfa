import type { Engine } from "../../linalg/index.ts";
import type { FinishedChoice } from "../finished-choice.ts";
import type { CrewControl } from "../fit-control.ts";
import type { LearningProblem } from "../learning-problem.ts";
import { fitNystromMachine } from "./fit-nystrom-machine.ts";
import type { ResolvedNystromFitOptions } from "./options.ts";

/** A machine on some of the rows as centers. */
export async function fitNystrom(
  engine: Engine,
  problem: LearningProblem,
  options: ResolvedNystromFitOptions,
  { stream, signal, enough, onProgress }: CrewControl,
): Promise<FinishedChoice> {
  const { memory = options.memory, rows: all, positions } = stream ?? {};
  const machine = await fitNystromMachine(
    engine,
    problem,
    { ...options, memory },
    { rows: all, positions, signal, enough, onProgress },
  );
  const { members, rows, calibration, validation, summary } = machine.state;
  return { members, rows, calibration, ...validation, ...summary };
}
