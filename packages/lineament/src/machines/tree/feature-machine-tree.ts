import type { MatrixLike } from "../../linalg/index.ts";
import {
  type KernelMachineFit,
  type MatrixFitOptions,
  RecursiveFeatureMachine,
} from "../recursive-feature-machine.ts";

type MachineOptions = NonNullable<MatrixFitOptions["machine"]>;

/** The options of `FeatureMachineTree.fit`: those of a machine, and how rows are divided. */
export interface FeatureMachineTreeOptions
  extends Omit<MatrixFitOptions, "machine">, NonNullable<MachineOptions["tree"]> {
  /** The machine of the leaves. Default Laplace with twice the median distance as its bandwidth, and two metric updates. */
  readonly machine?: Omit<MachineOptions, "tree"> | undefined;
}

/** Leaves begin with a metric of the whole, so that few updates are left to do. */
const usualMachine = {
  kernel: { family: "laplace", bandwidth: 2, exponent: 1 },
  bandwidth: "adaptive",
  iterations: 2,
} as const;

/**
 * Feature machines in the leaves of trees, for more rows than one kernel matrix holds: rows are divided at medians along the direction
 * in which the function changes most, every leaf of at most `capacity` rows learns a metric and solves for its own rows, and
 * predictions pass smoothly from leaf to leaf where validation rows prefer that. Fitting n rows takes time in proportion to
 * n · capacity². With no more rows than the capacity it is the machine itself. Nothing depends on the hardware.
 *
 * @example
 * const machine = await FeatureMachineTree.fit(x, y, { capacity: 8000, workers: 2 });
 *
 * @see Beaglehole, Holzmüller, Radhakrishnan and Belkin, arXiv:2508.10053
 */
export const FeatureMachineTree: { readonly fit: KernelMachineFit<FeatureMachineTreeOptions> } = {
  fit: ((
    x: MatrixLike,
    y: MatrixLike,
    { capacity, overlap, trees, machine = usualMachine, ...options }: FeatureMachineTreeOptions = {},
  ) =>
    RecursiveFeatureMachine.fit(x, y, {
      ...options,
      machine: { ...machine, tree: { capacity, overlap, trees } },
    })) as KernelMachineFit<FeatureMachineTreeOptions>,
};
