import {
  type Engine,
  type Matrix,
  type Points,
  type Precision,
  type Random,
  zeros,
} from "../../linalg/index.ts";
import {
  categoricalTables,
  medianDistance,
  type Metric,
  metricRoot,
  transform,
  withBandwidth,
} from "../../kernels/index.ts";
import {
  type KernelFunction,
  mapRows,
  nystromLogistic,
  type NystromOptions,
  nystromRidge,
  type RowChunk,
  type RowSource,
} from "../../solvers/index.ts";
import { averageGradientOuterProduct } from "../average-gradient-outer-product.ts";
import type { ClassCoding } from "../class-coding.ts";
import { type FeatureSettings, type Round, roundExpansion } from "../feature-round.ts";
import { kernelMatrix } from "../kernel-passes.ts";

/** What a Nyström machine is fitted to under any metric: rows and centers in the coordinates of its view. */
export interface NystromRoundProblem {
  /** Targets are encoded, n × c; class numbers for logistic regression. */
  readonly source: RowSource;
  readonly centers: Points;
  readonly centerWeights?: Float64Array | undefined;
  /** The coding of the classes makes it logistic regression in the K − 1 coordinates of the coding. Default squared loss. */
  readonly logistic?: ClassCoding | undefined;
}

/** How a round is solved. */
export interface NystromRoundOptions extends Omit<NystromOptions, "onProgress" | "precision"> {
  readonly tolerance: number;
  readonly maxSteps: number;
  /** Coefficients to start from, M × c, for every ridge. */
  readonly start?: Matrix<Float64Array> | undefined;
  /** Told how many passes are made, a fraction included. */
  readonly onPass?: ((passes: number) => void) | undefined;
}

/**
 * The machine on M centers under a metric, once for each ridge: like `solveRound` with a matrix of n × M instead of n × n,
 * which is not stored. The round's centers are the M transformed centers.
 */
export async function solveNystromRound(
  engine: Engine,
  { source, centers: given, centerWeights, logistic }: NystromRoundProblem,
  settings: FeatureSettings,
  metric: Metric,
  ridges: readonly number[],
  generator: Random,
  { onPass, start, tolerance, maxSteps, ...options }: NystromRoundOptions,
): Promise<Round> {
  const { precision } = settings;
  const centers = await transform(engine, given, metric, precision);
  let { kernel } = settings;
  if (settings.bandwidth === "adaptive") {
    const median = medianDistance(centers, categoricalTables(metric, kernel), kernel, generator);
    kernel = withBandwidth(kernel, kernel.bandwidth * (median < 1e-14 ? 1 : median));
  }
  const tables = categoricalTables(metric, kernel);
  const problem = {
    source: transformedRows(engine, source, metric, precision),
    centers,
    centerWeights,
    kernel: ((call) => kernelMatrix(engine, { kernel, tables, ...call })) satisfies KernelFunction,
  };
  const shared = {
    ...options,
    precision,
    tolerance,
    maxSteps,
    onProgress: ({ passes, fraction }: { passes: number; fraction: number }) => onPass?.(passes + fraction),
  };
  const failed = { outcome: "not-positive-definite", jitter: 0 } as const;
  if (!logistic) {
    const { solutions, factor } = await nystromRidge(engine, problem, { ...shared, ridges, start });
    return {
      metric,
      kernel,
      tables,
      centers,
      solutions: ridges.map((ridge, at) => ({
        ridge,
        factor,
        coefficients: solutions[at]?.coefficients,
        heldOutResiduals: undefined,
      })),
    };
  }
  const solutions = [];
  let from = start && toLatent(logistic, start);
  for (const ridge of ridges.toSorted((a, b) => b - a)) {
    const found = await nystromLogistic(engine, problem, {
      ...shared,
      classes: logistic.prior.length,
      offsets: logistic.prior.map(Math.log),
      ridge,
      start: from,
    });
    const solved = found.outcome !== "not-positive-definite";
    if (solved) from = found.coefficients;
    solutions.push({
      ridge,
      factor: solved ? found.factor : failed,
      coefficients: solved ? toCoding(logistic, found.coefficients) : undefined,
      heldOutResiduals: undefined,
    });
  }
  return { metric, kernel, tables, centers, solutions };
}

/**
 * The metric learned from one solution of a round: like `nextMetric`, with gradients at any rows.
 *
 * @param at - rows in the coordinates of the view
 */
export async function nextNystromMetric(
  engine: Engine,
  settings: FeatureSettings,
  round: Round,
  coefficients: Matrix<Float64Array>,
  at: RowChunk,
  signal?: AbortSignal,
): Promise<Metric | undefined> {
  const { form, power, shrinkage, normalization, centered, precision } = settings;
  const agop = await averageGradientOuterProduct(engine, roundExpansion(engine, round, coefficients), {
    form,
    at: await transform(engine, at.x, round.metric, precision),
    weights: at.weights,
    centered,
    ...(signal ? { signal } : {}),
  });
  return metricRoot(engine, agop, power, shrinkage, normalization);
}

/** Rows under a metric. A chunk that every pass gives again, as rows in memory are, is transformed once. */
function transformedRows(engine: Engine, source: RowSource, metric: Metric, precision: Precision): RowSource {
  const known = new WeakMap<Points, Points>();
  return mapRows(source, async (chunk) => {
    const x = known.get(chunk.x) ?? (await transform(engine, chunk.x, metric, precision));
    known.set(chunk.x, x);
    return { ...chunk, x };
  });
}

/** Latent columns of logistic regression (log-odds, or one a class) in the coordinates of the coding: f = Qᵀ F, M × (K − 1). */
function toCoding({ basis }: ClassCoding, latent: Matrix<Float64Array>): Matrix<Float64Array> {
  const { rows: k, cols: c } = basis;
  const result = zeros(latent.rows, c);
  for (let i = 0; i < latent.rows; i++)
    for (let j = 0; j < c; j++)
      for (let a = 0; a < k; a++) {
        const value = latent.cols === 1 ? (a - 0.5) * latent.data[i]! : latent.data[i * k + a]!;
        result.data[i * c + j]! += basis.data[a * c + j]! * value;
      }
  return result;
}

/** F = Q f, as one column of log-odds for two classes. */
function toLatent({ basis }: ClassCoding, f: Matrix<Float64Array>): Matrix<Float64Array> {
  const { rows: k, cols: c } = basis;
  const result = zeros(f.rows, k === 2 ? 1 : k);
  for (let i = 0; i < f.rows; i++)
    for (let a = 0; a < k; a++)
      for (let j = 0; j < c; j++) {
        const value = basis.data[a * c + j]! * f.data[i * c + j]!;
        if (k === 2) result.data[i]! += a === 1 ? value : -value;
        else result.data[i * k + a]! += value;
      }
  return result;
}
