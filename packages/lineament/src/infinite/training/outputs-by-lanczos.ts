import { checkCount } from "../../linalg/checks.ts";
import {
  type Engine,
  lanczosProcess,
  type LanczosProcess,
  type Matrix,
  precisionOf,
  ritzPairs,
  zeros,
} from "../../linalg/index.ts";
import { breather } from "../../linalg/queue.ts";
import {
  checkBlocks,
  checkInitial,
  checkSmallest,
  checkTargets,
  float64,
  type InitialOutputs,
  type KernelBlocks,
  meanVariance,
} from "./kernel-blocks.ts";
import { maximalLearningRate } from "./learning-rates.ts";
import { difference, finite, kernelReport, product, type TrainedOutputs } from "./prediction.ts";
import { ridgeOfSpan, type TrainedMode, trainedMode, type TrainingSpan } from "./training-span.ts";

/** Outputs after training, as far as Lanczos came. Its condition number is that of what it saw of Θ: a lower bound. */
export interface LanczosOutputs extends TrainedOutputs {
  readonly outcome: "converged" | "out-of-steps";
  /** Products with Θ; the columns of the targets are multiplied together. */
  readonly steps: number;
  /**
   * ‖y − f_0 − (Θ + λ) α − dα/dt‖ / ‖y − f_0‖ at the end of training, of the worst column. For the flow it grows with time, and
   * bounds the error of the training outputs in units of ‖y − f_0‖.
   */
  readonly residual: number;
}

/**
 * What `TrainingFlow.outputs` gives, without an eigendecomposition: g(Θ)(y − f_0) by Lanczos, for n > 3000 or so. All spans share
 * the products. A flow of time t takes about √(λ_max t) ln(1 / tolerance) of them, k steps of descent at most k.
 *
 * The entries of Θ are used in their own precision. A matrix that the engine allocated is not copied.
 *
 * @param options.targets - y, n × c
 * @param options.spans - one result for each
 * @param options.tolerance - of `residual`; default 1e-10
 * @param options.steps - most products; default n, at most 500. Each keeps n c numbers
 * @throws RangeError for blocks that do not fit or are not finite, kernels found not to be positive semidefinite, and learning
 * rates beyond the stability limit
 * @see Druskin and Knizhnerman 1989; Botchev, Grimm and Hochbruck 2013
 */
export async function outputsByLanczos(
  engine: Engine,
  {
    ntk,
    targets,
    initial,
    spans,
    tolerance = 1e-10,
    steps: most = Math.min(targets.rows, 500),
    signal,
  }: {
    readonly ntk: KernelBlocks;
    readonly targets: Matrix;
    readonly initial?: InitialOutputs | undefined;
    readonly spans: readonly TrainingSpan[];
    readonly tolerance?: number;
    readonly steps?: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<LanczosOutputs[]> {
  const call = "outputsByLanczos";
  checkBlocks(call, "ntk", ntk);
  const { trainTrain: theta } = ntk;
  const testTrain = ntk.testTrain && float64(ntk.testTrain);
  checkTargets(call, targets, theta.rows);
  if (initial !== undefined) checkInitial(call, initial, targets, testTrain);
  checkCount(call, "steps", most);
  if (!(tolerance >= 0)) throw new RangeError(`${call}: tolerance is ${tolerance}, expected a number ≥ 0`);

  const { largestEigenvalue } = await maximalLearningRate(engine, theta, {}, { tolerance: 1e-6, signal });
  const negligible = theta.rows * Number.EPSILON * largestEigenvalue;
  const modes = spans.map((span) => {
    const ridge = ridgeOfSpan(call, span, meanVariance(theta));
    return { ridge, mode: trainedMode(call, span, { ridge, largestEigenvalue, negligible }) };
  });

  const wanted = difference(targets, initial?.train);
  const spaces = Array.from({ length: targets.cols }, (_, l) => krylovSpace(wanted, l));
  const pause = breather(signal);
  let steps = 0;
  for (let next = 8; ; next = Math.ceil(1.2 * next)) {
    for (; steps < Math.min(next, most) && going(spaces).length > 0; steps++) {
      signal?.throwIfAborted();
      await advance(engine, theta, going(spaces));
      await pause();
    }
    const known = spaces.map(spectrumOf);
    for (const { smallest } of known) checkSmallest(call, smallest, theta);
    const found = modes.map(({ mode }) => known.map((spectrum) => filtered(spectrum, mode)));
    const residuals = found.map((columns) => Math.max(...columns.map(({ unexplained }) => unexplained)));
    const more = steps < most && going(spaces).length > 0;
    if (more && residuals.some((residual) => residual > tolerance)) continue;

    const results: LanczosOutputs[] = [];
    for (const [s, { ridge }] of modes.entries()) {
      const coefficients = combined(theta.rows, spaces, (l) => found[s]![l]!.gains);
      const missing = combined(theta.rows, spaces, (l) => found[s]![l]!.residuals);
      const test =
        testTrain && (await product(engine, { a: testTrain, b: coefficients, plus: initial?.test }));
      results.push({
        train: finite(call, difference(targets, missing)),
        test: finite(call, test),
        coefficients: finite(call, coefficients),
        outcome: residuals[s]! <= tolerance ? "converged" : "out-of-steps",
        steps,
        residual: residuals[s]!,
        report: kernelReport({
          smallest: Math.min(...known.map(({ values }) => values[0] ?? largestEigenvalue)) + ridge,
          largest: largestEigenvalue + ridge,
          clippedEigenvalues: known.reduce((sum, { clipped }) => sum + clipped, 0),
        }),
      });
    }
    return results;
  }
}

/** The Krylov space of one column of y − f_0; a column of zeros has none. */
interface KrylovSpace {
  readonly length: number;
  readonly process: LanczosProcess | undefined;
}

function krylovSpace({ data, rows, cols }: Matrix<Float64Array>, column: number): KrylovSpace {
  const start = Float64Array.from({ length: rows }, (_, i) => data[i * cols + column]!);
  const length = Math.sqrt(start.reduce((sum, value) => sum + value * value, 0));
  return { length, process: length > 0 ? lanczosProcess(start) : undefined };
}

/** The spaces that are not exhausted. */
function going(spaces: readonly KrylovSpace[]): readonly LanczosProcess[] {
  return spaces.flatMap(({ process }) => (process?.direction ? [process] : []));
}

/** One step in each of w spaces, all products in one pass over Θ. */
async function advance(engine: Engine, theta: Matrix, spaces: readonly LanczosProcess[]): Promise<void> {
  const [n, w] = [theta.rows, spaces.length];
  const b = engine.allocate(n, w, precisionOf(theta));
  const c = engine.allocate(n, w, precisionOf(theta));
  spaces.forEach(({ direction }, l) => {
    for (let i = 0; i < n; i++) b.data[i * w + l] = direction![i]!;
  });
  await engine.gemm({ a: theta, b, c, symmetricA: true });
  const image = new Float64Array(n);
  spaces.forEach((process, l) => {
    for (let i = 0; i < n; i++) image[i] = c.data[i * w + l]!;
    process.absorb(image);
  });
}

/** What a Krylov space knows of Θ: eigenvalues clipped at 0, eigenvectors in the columns of `vectors`. */
interface Spectrum {
  readonly values: Float64Array;
  readonly vectors: Matrix;
  readonly clipped: number;
  /** Before clipping; Infinity where nothing is known. */
  readonly smallest: number;
  readonly remainder: number;
}

function spectrumOf({ process }: KrylovSpace): Spectrum {
  if (process === undefined)
    return {
      values: new Float64Array(0),
      vectors: zeros(0, 0),
      clipped: 0,
      smallest: Infinity,
      remainder: 0,
    };
  const known = process.tridiagonalization();
  const { values, vectors } = ritzPairs(known);
  return {
    values: values.map((value) => Math.max(0, value)),
    vectors,
    smallest: values[0]!,
    clipped: values.reduce((count, value) => count + (value < 0 ? 1 : 0), 0),
    remainder: known.remainder,
  };
}

/** g(T) e_1 and r(T) e_1, and the part of y − f_0 that the last one, g(T) e_1, leaves unexplained for lack of further steps. */
function filtered(
  { values, vectors, remainder }: Spectrum,
  mode: (eigenvalue: number) => TrainedMode,
): { readonly gains: Float64Array; readonly residuals: Float64Array; readonly unexplained: number } {
  const m = values.length;
  const gains = new Float64Array(m);
  const residuals = new Float64Array(m);
  values.forEach((value, i) => {
    const { gain, residual } = mode(value);
    const first = vectors.data[i]!;
    for (let j = 0; j < m; j++) {
      gains[j]! += vectors.data[j * m + i]! * first * gain;
      residuals[j]! += vectors.data[j * m + i]! * first * residual;
    }
  });
  return { gains, residuals, unexplained: m === 0 ? 0 : remainder * Math.abs(gains[m - 1]!) };
}

/** The columns length_l Q_l weights(l), n × c. */
function combined(
  n: number,
  spaces: readonly KrylovSpace[],
  weights: (column: number) => Float64Array,
): Matrix<Float64Array> {
  const result = zeros(n, spaces.length);
  spaces.forEach(({ length, process }, l) => {
    process?.tridiagonalization().basis.forEach((vector, j) => {
      const weight = length * weights(l)[j]!;
      for (let i = 0; i < n; i++) result.data[i * spaces.length + l]! += weight * vector[i]!;
    });
  });
  return result;
}
