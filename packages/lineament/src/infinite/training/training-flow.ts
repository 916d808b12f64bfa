import { checkChoice } from "../../linalg/checks.ts";
import { type Engine, type Matrix, zeros } from "../../linalg/index.ts";
import {
  checkInitial,
  checkKernels,
  checkSmallest,
  float64,
  type InitialOutputs,
  type KernelBlocks,
  meanVariance,
} from "./kernel-blocks.ts";
import {
  asCovariance,
  difference,
  finite,
  type KernelReport,
  kernelReport,
  product,
  scaleColumns,
  scaled,
  scaleRows,
  type TrainedCovariance,
  type TrainedOutputs,
} from "./prediction.ts";
import { ridgeOfSpan, trainedMode, type TrainingSpan } from "./training-span.ts";

/** Training on squares as a function of time, in closed form. */
export interface TrainingFlow {
  /** Of Θ at the training points, ascending, clipped at 0: modes of the error decay like e^{−λt}. */
  readonly eigenvalues: Float64Array;
  /** The stable step of gradient descent is below 2 / this. */
  readonly largestEigenvalue: number;
  /**
   * Outputs after training. With `initial` those of one network (or linearized model) that started at these outputs; without, the
   * mean over initializations of mean 0. With B = Θ_* g(Θ):
   *
   *     f = y − (1 − Θ g(Θ)) (y − f_0),  f_* = f_{0,*} + B (y − f_0)
   */
  outputs(span: TrainingSpan, initial?: InitialOutputs): Promise<TrainedOutputs>;
  /**
   * Covariance over initializations of the outputs at the training points (n × n), the test points (m × m) or of test with training
   * outputs (m × n). With R = 1 − Θ g(Θ):
   *
   *     R K R,  K_** + B K Bᵀ − B K_d* − K_*d Bᵀ,  (K_*d − B K) R
   *
   * @throws RangeError without `nngp`, or without the blocks of the test points
   */
  covariance(span: TrainingSpan, part?: "train" | "test" | "test-train"): Promise<TrainedCovariance>;
}

/**
 * Prepares predictions of training under ½ Σ_i ‖f(x_i) − y_i‖² by one eigendecomposition of the tangent kernel, 9 n³ flops or so.
 * After it outputs take O(n² c) for any time, number of steps, optimizer, ridge and initial outputs; covariances O(n² m), at the
 * training points O(n³).
 *
 * - `ntk` and `nngp`: networks trained in all parameters, Gaussian over initializations.
 * - `nngp` alone: only the readout is trained, Θ = K (the random-feature flow).
 * - `ntk` alone: outputs without covariances, as for the tangent kernel of a finite network.
 *
 * Eigenvalues below 0 count as 0 and are reported. At t = ∞ modes with λ ≤ n ε λ_max are left untrained.
 *
 * @param options.targets - y, n × c
 * @param options.signal - looked at before and after the decomposition
 * @throws RangeError for blocks that do not fit each other, are not finite, not symmetric, or further from positive semidefinite
 * than rounding to float32 explains
 * @see Lee et al., arXiv:1902.06720, §2; Jacot, Gabriel and Hongler, arXiv:1806.07572
 */
export async function trainingFlow(
  engine: Engine,
  {
    ntk,
    nngp,
    targets,
    signal,
  }: {
    readonly ntk?: KernelBlocks | undefined;
    readonly nngp?: KernelBlocks | undefined;
    readonly targets: Matrix;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<TrainingFlow> {
  const call = "trainingFlow";
  const trained = checkKernels(call, ntk, nngp, targets);
  const theta = float64(trained.trainTrain);
  const testTrain = trained.testTrain && float64(trained.testTrain);
  const n = theta.rows;

  signal?.throwIfAborted();
  const { values, vectors: q } = await engine.eigenSymmetric(theta);
  signal?.throwIfAborted();
  const eigenvalues = values.map((value) => Math.max(0, value));
  const largestEigenvalue = eigenvalues[n - 1]!;
  const negligible = n * Number.EPSILON * largestEigenvalue;
  checkSmallest(call, values[0]!, theta);
  const clippedEigenvalues = values.reduce((count, value) => count + (value < 0 ? 1 : 0), 0);

  /** Gains and residuals of all modes. */
  const modes = (what: string, span: TrainingSpan) => {
    const ridge = ridgeOfSpan(what, span, meanVariance(theta));
    const mode = trainedMode(what, span, { ridge, largestEigenvalue, negligible });
    const all = Array.from(eigenvalues, mode);
    const report: KernelReport = kernelReport({
      smallest: eigenvalues[0]! + ridge,
      largest: largestEigenvalue + ridge,
      clippedEigenvalues,
    });
    return {
      gains: Float64Array.from(all, ({ gain }) => gain),
      residuals: Float64Array.from(all, ({ residual }) => residual),
      report,
    };
  };

  /** K and Θ_*d in the eigenvectors of Θ: QᵀKQ, K_*d Q, Θ_*d Q. */
  const rotate = async (prior: KernelBlocks) => {
    const cross = testTrain && (await product(engine, { a: testTrain, b: q }));
    if (ntk === undefined) return { inner: diagonal(eigenvalues), priorCross: cross, cross };
    const half = await product(engine, { a: float64(prior.trainTrain), b: q });
    const inner = await product(engine, { a: q, b: half, transposeA: true });
    const priorCross = prior.testTrain && (await product(engine, { a: float64(prior.testTrain), b: q }));
    return { inner, priorCross, cross };
  };
  let rotated: ReturnType<typeof rotate> | undefined;

  return {
    eigenvalues,
    largestEigenvalue,

    async outputs(span, initial) {
      const what = "TrainingFlow.outputs";
      if (initial !== undefined) checkInitial(what, initial, targets, testTrain);
      const { gains, residuals, report } = modes(what, span);
      const wanted = difference(targets, initial?.train);
      const gained = await product(engine, { a: q, b: wanted, transposeA: true });
      const left = { ...gained, data: gained.data.slice() };
      const coefficients = await product(engine, { a: q, b: scaleRows(gained, gains) });
      const train = await product(engine, { a: q, b: scaleRows(left, residuals), alpha: -1, plus: targets });
      const test =
        testTrain && (await product(engine, { a: testTrain, b: coefficients, plus: initial?.test }));
      return {
        train: finite(what, train),
        test: finite(what, test),
        coefficients: finite(what, coefficients),
        report,
      };
    },

    async covariance(span, part = "test") {
      const what = "TrainingFlow.covariance";
      if (nngp === undefined)
        throw new RangeError(`${what}: nngp is missing, the covariance of the outputs at initialization`);
      const { gains, residuals, report } = modes(what, span);
      rotated ??= rotate(nngp);
      const { inner, priorCross, cross } = await rotated;
      checkChoice(what, "part", part, ["train", "test", "test-train"]);
      if (part === "train") {
        const reached = scaleColumns(engine, q, residuals);
        const half = await product(engine, { a: reached, b: inner });
        const covariance = await product(engine, { a: half, b: reached, transposeB: true });
        return { ...asCovariance(finite(what, covariance)), report };
      }
      if (cross === undefined || priorCross === undefined)
        throw new RangeError(`${what}: testTrain is missing, the kernel of test with training points`);
      const learned = scaleColumns(engine, cross, gains);
      if (part === "test-train") {
        const rest = await product(engine, { a: learned, b: inner, alpha: -1, plus: priorCross });
        const covariance = await product(engine, {
          a: rest,
          b: scaleColumns(engine, q, residuals),
          transposeB: true,
        });
        return { covariance: finite(what, covariance), clippedVariances: 0, report };
      }
      if (nngp.testTest === undefined)
        throw new RangeError(`${what}: nngp.testTest is missing, the prior covariance of the test outputs`);
      // K_** + (B K − 2 K_*d) Bᵀ, of which the symmetric part is what is wanted.
      const factor = await product(engine, { a: learned, b: inner, plus: scaled(priorCross, -2) });
      const covariance = await product(engine, {
        a: factor,
        b: learned,
        transposeB: true,
        plus: nngp.testTest,
      });
      return { ...asCovariance(finite(what, covariance)), report };
    },
  };
}

function diagonal(values: Float64Array): Matrix<Float64Array> {
  const n = values.length;
  const result = zeros(n, n);
  values.forEach((value, i) => (result.data[i * (n + 1)] = value));
  return result;
}
