import { type Engine, type Matrix, transpose } from "../../linalg/index.ts";
import {
  checkInitial,
  checkKernels,
  float64,
  type InitialOutputs,
  type KernelBlocks,
} from "./kernel-blocks.ts";
import { factorKernel } from "./kernel-factor.ts";
import type { ConvergedOutputs } from "./posterior.ts";
import { asCovariance, difference, product, scaled } from "./prediction.ts";
import type { RidgePenalty } from "./training-span.ts";

/**
 * What `trainingFlow` tends to as t → ∞, by one Cholesky factorization (n³/3 flops) in place of an eigendecomposition:
 *
 *     f_* = f_{0,*} + B (y − f_0),  covariance K_** + B K Bᵀ − B K_d* − K_*d Bᵀ,  B = Θ_*d (Θ + λ)⁻¹
 *
 * with Θ = `ntk` and K = `nngp`, or Θ = K where only `nngp` is given. Without `initial` this is the mean over initializations. Outputs
 * at the training points are y only at λ = 0. Jitter, if any was needed, acts like a ridge and is reported.
 *
 * @param options.targets - y, n × c
 * @param options.signal - looked at before and after the factorization
 * @throws RangeError for blocks that do not fit or are not finite, and a kernel that is not positive semidefinite
 * @see Lee et al., arXiv:1902.06720, §2.3
 */
export async function convergedTraining(
  engine: Engine,
  {
    ntk,
    nngp,
    targets,
    initial,
    ridge = 0,
    signal,
  }: {
    readonly ntk?: KernelBlocks | undefined;
    readonly nngp?: KernelBlocks | undefined;
    readonly targets: Matrix;
    readonly initial?: InitialOutputs | undefined;
    readonly ridge?: RidgePenalty | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ConvergedOutputs> {
  const call = "convergedTraining";
  const trained = checkKernels(call, ntk, nngp, targets);
  const testTrain = trained.testTrain && float64(trained.testTrain);
  if (initial !== undefined) checkInitial(call, initial, targets, testTrain);
  signal?.throwIfAborted();
  const { shift, report, solve } = await factorKernel(call, engine, trained.trainTrain, ridge);
  signal?.throwIfAborted();
  const coefficients = await solve(difference(targets, initial?.train));
  const train = difference(targets, scaled(coefficients, shift));
  const test = testTrain && (await product(engine, { a: testTrain, b: coefficients, plus: initial?.test }));
  const outputs = { train, test, coefficients, report };
  if (testTrain === undefined || nngp?.testTrain === undefined || nngp.testTest === undefined)
    return { ...outputs, covariance: undefined, clippedVariances: 0 };
  const b = await solve(transpose(testTrain));
  const factor = await product(engine, {
    a: b,
    b: float64(nngp.trainTrain),
    transposeA: true,
    plus: scaled(nngp.testTrain, -2),
  });
  const covariance = await product(engine, { a: factor, b, plus: nngp.testTest });
  return { ...outputs, ...asCovariance(covariance) };
}
