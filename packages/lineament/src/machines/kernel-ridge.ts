import type { MatrixLike } from "../linalg/index.ts";
import {
  type KernelMachineFit,
  type KernelRidgeOptions,
  RecursiveFeatureMachine,
} from "./recursive-feature-machine.ts";

/** Laplace kernel with twice the median distance as its bandwidth. */
const usualKernel = {
  kernel: { family: "laplace", bandwidth: 2, exponent: 1 },
  bandwidth: "adaptive",
} as const;

/**
 * Kernel ridge regression: the feature machine with zero metric updates, f(x) = k(x, X) A with (K + λI) A = Y. The ridge is
 * chosen by validation unless given; the kernel is Laplace with a bandwidth of twice the median distance unless given.
 *
 * @example
 * const machine = await KernelRidge.fit(x, y, { machine: { kernel: { family: "gaussian", bandwidth: 3 } } });
 */
export const KernelRidge: { readonly fit: KernelMachineFit<KernelRidgeOptions> } = {
  fit: ((x: MatrixLike, y: MatrixLike, options: KernelRidgeOptions = {}) =>
    RecursiveFeatureMachine.fit(x, y, {
      ...options,
      machine: { ...(options.machine ?? usualKernel), iterations: 0 },
    })) as KernelMachineFit<KernelRidgeOptions>,
};
