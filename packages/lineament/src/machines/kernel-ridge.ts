import type { Matrix, MatrixLike } from "../linalg/index.ts";
import type { TargetVector } from "./matrix-data.ts";
import {
  type KernelRidgeOptions,
  type MatrixFitOptions,
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
export const KernelRidge = { fit };

function fit(
  x: MatrixLike,
  y: TargetVector,
  options?: KernelRidgeOptions,
): Promise<RecursiveFeatureMachine<Float64Array>>;
function fit(
  x: MatrixLike,
  y: readonly string[],
  options?: KernelRidgeOptions,
): Promise<RecursiveFeatureMachine<string[]>>;
function fit(
  x: MatrixLike,
  y: readonly boolean[],
  options?: KernelRidgeOptions,
): Promise<RecursiveFeatureMachine<boolean[]>>;
function fit(
  x: MatrixLike,
  y: MatrixLike,
  options?: KernelRidgeOptions,
): Promise<RecursiveFeatureMachine<Matrix<Float64Array>>>;
function fit(
  x: MatrixLike,
  y: TargetVector | readonly string[] | readonly boolean[] | MatrixLike,
  options: KernelRidgeOptions = {},
): Promise<RecursiveFeatureMachine> {
  const resolved: MatrixFitOptions = {
    ...options,
    machine: { ...(options.machine ?? usualKernel), iterations: 0 },
  };
  return RecursiveFeatureMachine.fit(x, y as MatrixLike, resolved);
}
