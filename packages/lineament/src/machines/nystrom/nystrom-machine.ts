import type { Engine, MatrixLike } from "../../linalg/index.ts";
import { matrixProblem, type TargetVector } from "../matrix-data.ts";
import { type KernelMachineFit, RecursiveFeatureMachine } from "../recursive-feature-machine.ts";
import { sharedEngine } from "../shared-engine.ts";
import { fitNystromMachine, type NystromControl } from "./fit-nystrom-machine.ts";
import { type NystromFitOptions, parseNystromFitOptions } from "./options.ts";

/** How a Nyström fit on plain matrices may be steered. */
export interface NystromMachineOptions extends NystromFitOptions, Omit<NystromControl, "rows"> {
  /** Does the linear algebra. Without one, an engine is opened at the first use and shared. */
  readonly engine?: Engine | undefined;
  /** One positive weight a row. */
  readonly weights?: ArrayLike<number> | undefined;
  /** One value a row: rows of a group are never divided between training and validation. */
  readonly groups?: ArrayLike<number> | readonly string[] | undefined;
}

/**
 * The feature machine for many rows: an expansion over M centers, a sample of the rows, fitted to all of them by preconditioned conjugate
 * gradients in passes that never store the n × M kernel matrix as a whole, with squared or logistic loss. The metric is learned from
 * gradients of the machine itself; `iterations: 0` is Nyström kernel ridge regression.
 *
 * @example
 * const machine = await NystromMachine.fit(x, y, { centers: 2000 });
 * const predictions = await machine.predict(newRows);
 *
 * @see Rudi, Carratino and Rosasco, arXiv:1705.10958; Radhakrishnan et al., arXiv:2212.13881
 */
export const NystromMachine: { readonly fit: KernelMachineFit<NystromMachineOptions> } = {
  fit: fit as KernelMachineFit<NystromMachineOptions>,
};

async function fit(
  x: MatrixLike,
  y: TargetVector | readonly string[] | readonly boolean[] | MatrixLike,
  { engine, weights, groups, signal, enough, onProgress, ...options }: NystromMachineOptions = {},
): Promise<RecursiveFeatureMachine> {
  const resolved = parseNystromFitOptions(options);
  const { problem, form } = matrixProblem(x, y, { task: resolved.task, weights, groups });
  const opened = engine ?? (await sharedEngine());
  const machine = await fitNystromMachine(opened, problem, resolved, { signal, enough, onProgress });
  return new RecursiveFeatureMachine(opened, machine.state, form);
}
