import { type Engine, type Matrix, type Points, random, takeRows } from "../../linalg/index.ts";
import type { Kernel, Metric } from "../../kernels/index.ts";
import type { FeatureSettings } from "../feature-round.ts";
import { takePoints } from "../learning-problem.ts";
import { chooseIterate, recursiveFeatureIterations } from "../recursive-feature-iterations.ts";
import { squaredError } from "../squared-error.ts";
import { subsample } from "../validation.ts";

/** What all leaves of a tree learn from and how: plain values, which threads can share. */
export interface LeafProblem {
  /** All rows in view coordinates. */
  readonly x: Points;
  readonly blockSizes: readonly number[];
  /** Encoded targets of all rows, n × c. */
  readonly y: Matrix<Float64Array>;
  readonly weights: Float64Array | undefined;
  readonly settings: FeatureSettings;
  /** The metric that leaves begin with. */
  readonly start: Metric | undefined;
  readonly iterations: number;
  readonly ridges: readonly number[];
  readonly schedule: readonly number[] | undefined;
  readonly stopFactor: number;
}

/** One leaf to fit. Two jobs with equal fields have equal results, wherever they run. */
export interface LeafJob {
  /** Which leaf of which tree: "2.LHL" is reached by low, high and low in tree 2. */
  readonly address: string;
  /** Rows that the leaf learns from. */
  readonly rows: Int32Array;
  /** Other rows that choose its iterate and ridge. */
  readonly validation: Int32Array;
  readonly seed: number;
}

/** A fitted leaf: offset + k(S x, X S) A. */
export interface FittedLeaf {
  /** Rows that are its centers: those of the job, or of a leaf that had to be quick a sample of them. */
  readonly rows: Int32Array;
  readonly kernel: Kernel;
  readonly metric: Metric;
  /** rows × c */
  readonly coefficients: Matrix;
  /** The mean target of the rows, c numbers. */
  readonly offset: Float64Array;
  /** The path of ridges to the chosen iterate. */
  readonly ridges: readonly number[];
  readonly jitter: number;
}

export interface LeafControl {
  /** For kernel matrices; see `IterationOptions`. */
  readonly memory?: Matrix | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * When it is aborted, the best iterate so far is the leaf: from the start the one under the metric that leaves begin with, on the
   * first sample of the schedule.
   */
  readonly enough?: AbortSignal | undefined;
}

/** Where fewer validation rows fall into a leaf, training rows are judged instead: up to this number, and a fifth of the leaf. */
const VALIDATION_ROWS = 1500;

/**
 * Fits one leaf: learns its metric on samples of its rows, judged by its validation rows, and solves for all of its rows. Training
 * rows that had to stand in for validation rows are left out of the samples only. Targets are centered within the leaf,
 * so that a leaf of constant targets is that constant.
 *
 * @throws RangeError when no ridge makes the kernel matrix positive definite
 */
export async function fitLeaf(
  engine: Engine,
  { x, blockSizes, y, weights, settings, ...options }: LeafProblem,
  { address, rows, validation, seed }: LeafJob,
  { memory, signal, enough }: LeafControl = {},
): Promise<FittedLeaf> {
  const generator = random(seed);
  const blocks = blockSizes.length;
  const own = takeRows(y, rows);
  const ownWeights = weights && Float64Array.from(rows, (i) => weights[i]!);
  const offset = columnMeans(own, ownWeights);
  subtract(own, offset);

  const missing = Math.min(VALIDATION_ROWS - validation.length, Math.floor(0.2 * rows.length));
  const positions = Int32Array.from(rows, (_, at) => at);
  const judgedRows = missing > 0 ? subsample(positions, missing, generator) : new Int32Array(0);
  const judgedHere = Int32Array.from([...validation, ...judgedRows.map((at) => rows[at]!)]);
  const truth = takeRows(y, judgedHere);
  subtract(truth, offset);
  const judgeWeights = weights && Float64Array.from(judgedHere, (i) => weights[i]!);

  const chosen = await chooseIterate(
    recursiveFeatureIterations(
      engine,
      { x: takePoints(x, rows, blocks), blockSizes, y: own, weights: ownWeights },
      settings,
      {
        ...options,
        judgedRows,
        judge:
          judgedHere.length > 0
            ? {
                x: takePoints(x, judgedHere, blocks),
                loss: (values) => squaredError(values, truth, judgeWeights),
              }
            : undefined,
        seed,
        tolerance: 1e-4,
        memory,
        signal,
        enough,
      },
    ),
  );
  if (!chosen)
    throw new RangeError(
      `leaf ${address}: the kernel matrix of its ${rows.length} rows is not positive definite even with jitter; use a larger ridge`,
    );
  const { round, expansion, solution, ridges, rows: sampled } = chosen;
  return {
    rows: sampled?.map((at) => rows[at]!) ?? rows,
    kernel: round.kernel,
    metric: round.metric,
    coefficients: expansion.coefficients,
    offset,
    ridges,
    jitter: solution.factor.jitter,
  };
}

function columnMeans({ data, rows, cols }: Matrix, weights: Float64Array | undefined): Float64Array {
  const means = new Float64Array(cols);
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const weight = weights?.[i] ?? 1;
    total += weight;
    for (let l = 0; l < cols; l++) means[l]! += weight * data[i * cols + l]!;
  }
  return means.map((sum) => sum / total);
}

function subtract({ data, cols }: Matrix, offset: Float64Array): void {
  for (let at = 0; at < data.length; at++) data[at]! -= offset[at % cols]!;
}
