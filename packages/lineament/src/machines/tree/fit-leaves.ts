import type { Crew } from "../crew/crew.ts";
import type { EarlyEnd } from "../unless-enough.ts";
import type { FittedLeaf, LeafJob, LeafProblem } from "./fit-leaf.ts";

/** `enough`: when it is aborted, leaves that are not begun yet are as quick as `fitLeaf` can be. */
export interface LeavesControl extends EarlyEnd {
  readonly onLeaf?: ((done: number, of: number) => void) | undefined;
}

/**
 * Fits all leaves.
 *
 * @returns one leaf a job, in the order of the jobs
 * @throws RangeError of a leaf that cannot be solved
 * @throws Error when the threads of a leaf died three times
 */
export async function fitLeaves(
  crew: Crew,
  problem: LeafProblem,
  jobs: readonly LeafJob[],
  { onLeaf, ...ends }: LeavesControl = {},
): Promise<FittedLeaf[]> {
  const largest = jobs.reduce((most, { rows }) => Math.max(most, rows.length), 0);
  const leaves: FittedLeaf[] = [];
  let done = 0;
  await crew.run(
    { kind: "leaf", problem, largest },
    jobs,
    (leaf, at) => {
      leaves[at] = leaf;
      onLeaf?.(++done, jobs.length);
    },
    // Kernels of networks may hold functions, which cannot be sent to a thread.
    { ...ends, here: problem.settings.kernel.family === "network" },
  );
  return leaves;
}
