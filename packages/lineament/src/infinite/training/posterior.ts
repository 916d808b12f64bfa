import { type Engine, type Matrix, transpose } from "../../linalg/index.ts";
import { checkBlocks, checkTargets, float64, type KernelBlocks } from "./kernel-blocks.ts";
import { factorKernel } from "./kernel-factor.ts";
import { asCovariance, difference, product, scaled, type TrainedOutputs } from "./prediction.ts";
import type { RidgePenalty } from "./training-span.ts";

/** Outputs at the end of all training, with their covariance at the test points. */
export interface ConvergedOutputs extends TrainedOutputs {
  /** m × m, the same for each of several outputs; undefined without the blocks it needs. */
  readonly covariance: Matrix<Float64Array> | undefined;
  /** Variances that rounding made negative and that were set to 0. */
  readonly clippedVariances: number;
}

/**
 * The posterior of a Gaussian process with noise λ, by one Cholesky factorization (n³/3 flops):
 *
 *     mean K_*d (K + λ)⁻¹ y,  covariance K_** − K_*d (K + λ)⁻¹ K_d*
 *
 * With the NNGP kernel this is exact Bayesian inference in the infinitely wide network; with the NTK it is the "NTK-GP". The mean at the
 * training points is K (K + λ)⁻¹ y, which is y only at λ = 0. For the ensemble of networks trained under the NTK see `convergedTraining`.
 *
 * @param options.targets - y, n × c
 * @param options.noise - variance of the noise: a number (default 0), or relative to the mean diagonal
 * @param options.signal - looked at before and after the factorization
 * @throws RangeError for blocks that do not fit or are not finite, and a kernel that is not positive semidefinite
 * @see Rasmussen and Williams 2006, §2.2; Lee et al., arXiv:1711.00165
 */
export async function posterior(
  engine: Engine,
  {
    kernel,
    targets,
    noise = 0,
    signal,
  }: {
    readonly kernel: KernelBlocks;
    readonly targets: Matrix;
    readonly noise?: RidgePenalty | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ConvergedOutputs> {
  checkBlocks("posterior", "kernel", kernel);
  checkTargets("posterior", targets, kernel.trainTrain.rows);
  signal?.throwIfAborted();
  const { shift, report, solve, whiten } = await factorKernel(
    "posterior",
    engine,
    kernel.trainTrain,
    noise,
    "noise",
  );
  signal?.throwIfAborted();
  const coefficients = await solve(targets);
  const train = difference(targets, scaled(coefficients, shift));
  if (kernel.testTrain === undefined)
    return { train, test: undefined, coefficients, covariance: undefined, clippedVariances: 0, report };
  const testTrain = float64(kernel.testTrain);
  const test = await product(engine, { a: testTrain, b: coefficients });
  if (kernel.testTest === undefined)
    return { train, test, coefficients, covariance: undefined, clippedVariances: 0, report };
  const w = await whiten(transpose(testTrain));
  const covariance = await product(engine, {
    a: w,
    b: w,
    transposeA: true,
    alpha: -1,
    plus: kernel.testTest,
  });
  return { train, test, coefficients, ...asCovariance(covariance), report };
}
