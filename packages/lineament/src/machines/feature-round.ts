import {
  type CategoricalTable,
  type Engine,
  type Matrix,
  type Points,
  type Precision,
  precisionOf,
  type Random,
  sample,
  zeros,
} from "../linalg/index.ts";
import {
  categoricalTables,
  identityMetric,
  type Kernel,
  medianDistance,
  type Metric,
  type MetricNormalization,
  metricRoot,
  transform,
  withBandwidth,
} from "../kernels/index.ts";
import { type FactorReport, RidgeSystem } from "../solvers/index.ts";
import { averageGradientOuterProduct, type TransformedExpansion } from "./average-gradient-outer-product.ts";
import { kernelMatrix, kernelProduct } from "./kernel-passes.ts";

/** How a feature machine learns its metric. */
export interface FeatureSettings {
  /** The kernel; its bandwidth is L, or with `adaptive` bandwidth the factor L₀ on the median distance. */
  readonly kernel: Kernel;
  /** `constant`: L as given. `adaptive`: L = L₀ · median distance under the current metric, anew before every solve. */
  readonly bandwidth: "constant" | "adaptive";
  readonly form: "full" | "diagonal";
  /** s in S = AGOP^s: kernels see the metric S² = AGOP^(2s). */
  readonly power: number;
  /** The scale of the metric. Default `agop-maximum`. */
  readonly normalization?: MetricNormalization | undefined;
  /** Subtract the mean gradient of each output from its gradients: linear parts are then not seen. Default false. */
  readonly centered?: boolean | undefined;
  /** η in M ← (1 − η) M + η (tr M / d) I. */
  readonly shrinkage: number;
  /** Rows at which gradients are averaged, a seeded sample. */
  readonly agopRows: number;
  readonly precision: Precision;
}

/** Training rows in the machine's coordinates, and targets as they are solved for (usually centered). */
export interface FeatureProblem {
  readonly x: Points;
  /** Levels of each categorical block of the points. Default none. */
  readonly blockSizes?: readonly number[] | undefined;
  /** n × c. */
  readonly y: Matrix;
  /** One positive weight a row. */
  readonly weights?: Float64Array | undefined;
}

/** One ridge solution of a round. */
export interface RoundSolution {
  readonly ridge: number;
  readonly factor: FactorReport;
  /** n × c; undefined when the factorization failed for good. */
  readonly coefficients: Matrix<Float64Array> | undefined;
  /** What the last `heldOut` rows would miss by if they were left out together, heldOut × c. */
  readonly heldOutResiduals: Matrix<Float64Array> | undefined;
}

/** The machine under one metric: everything that the next metric, or predictions, are made from. */
export interface Round {
  readonly metric: Metric;
  /** With the bandwidth that was used. */
  readonly kernel: Kernel;
  readonly tables: readonly CategoricalTable[];
  /** Transformed training rows. */
  readonly centers: Points;
  readonly solutions: readonly RoundSolution[];
}

/** How a round is solved. */
export interface RoundOptions {
  readonly signal?: AbortSignal | undefined;
  /** So many last rows are also judged as if they had been left out. Default 0. */
  readonly heldOut?: number;
  /** Relative residual of solutions by conjugate gradients, where these pay; 0: factorizations alone. Default 1e-4. */
  readonly tolerance?: number;
  /** Steps of iterative refinement of every solution; see `RidgeSystem.solve`. */
  readonly refinements?: number | undefined;
}

/**
 * Solves the kernel ridge regression of a problem under a metric, once for each ridge. One kernel matrix serves all ridges.
 *
 * @param scratch - n × n memory for the kernel matrix, overwritten
 */
export async function solveRound(
  engine: Engine,
  problem: FeatureProblem,
  settings: FeatureSettings,
  metric: Metric,
  ridges: readonly number[],
  scratch: Matrix,
  generator: Random,
  { signal, heldOut = 0, refinements, tolerance = 1e-4 }: RoundOptions = {},
): Promise<Round> {
  const { x, y, weights } = problem;
  const centers = await transform(engine, x, metric, settings.precision);
  let { kernel } = settings;
  if (settings.bandwidth === "adaptive") {
    const median = medianDistance(centers, categoricalTables(metric, kernel), kernel, generator);
    kernel = withBandwidth(kernel, kernel.bandwidth * (median < 1e-14 ? 1 : median));
  }
  const tables = categoricalTables(metric, kernel);
  await kernelMatrix(engine, { kernel, tables, x: centers, out: scratch, signal });
  const system = new RidgeSystem(engine, scratch);
  const maxSteps = affordableSteps(y.rows, y.cols, ridges.length);
  const solved =
    tolerance > 0 && !weights && maxSteps > 0
      ? await system.iterate(ridges, y, { tolerance, maxSteps, heldOut, signal })
      : [];
  const solutions: RoundSolution[] = [];
  for (const [at, ridge] of ridges.entries()) {
    signal?.throwIfAborted();
    const iterated = solved[at];
    if (iterated) {
      solutions.push({
        ridge,
        factor: { outcome: "factored", jitter: 0 },
        coefficients: iterated.coefficients,
        heldOutResiduals: iterated.heldOutResiduals,
      });
      continue;
    }
    const factor = await system.factor(weights ? weights.map((w) => ridge / w) : ridge);
    const coefficients =
      factor.outcome === "not-positive-definite"
        ? undefined
        : (await system.solve(y, refinements)).coefficients;
    const heldOutResiduals =
      coefficients && heldOut > 0 ? system.heldOutResiduals(coefficients, heldOut) : undefined;
    solutions.push({ ridge, factor, coefficients, heldOutResiduals });
  }
  return { metric, kernel, tables, centers, solutions };
}

/** Conjugate gradients are tried when a factorization for each ridge takes as long as so many of their steps. */
const WORTHWHILE_STEPS = 40;

/**
 * Steps of conjugate gradients, all ridges together, that take as long as a factorization for each ridge; 0 where these are too few to try. A
 * product of K with few columns is bound by memory: one column takes as long as the arithmetic of 10 columns (K is read by
 * half), many as that of 60 more.
 */
export function affordableSteps(n: number, outputs: number, ridges: number): number {
  const width = outputs * ridges;
  const steps = Math.floor((ridges * n) / (6 * (width <= 4 ? 10 * width : 60 + width)));
  return steps >= WORTHWHILE_STEPS ? steps : 0;
}

/** Predictions of every solution of a round at other rows, each m × c; undefined for failed ones. One pass serves all. */
export async function roundPredictions(
  engine: Engine,
  round: Round,
  x: Points,
  precision: Precision,
  signal?: AbortSignal,
): Promise<(Matrix<Float64Array> | undefined)[]> {
  const { kernel, metric, tables, centers, solutions } = round;
  const n = centers.coordinates.rows;
  const m = x.coordinates.rows;
  const solved = solutions
    .map((solution) => solution.coefficients)
    .filter((coefficients) => coefficients !== undefined);
  const c = solved[0]?.cols ?? 0;
  const width = c * solved.length;
  const v = engine.allocate(n, width, precision);
  solved.forEach((coefficients, at) => {
    for (let i = 0; i < n; i++)
      for (let l = 0; l < c; l++) v.data[i * width + at * c + l] = coefficients.data[i * c + l]!;
  });
  const out = engine.allocate(m, width, precision);
  if (width > 0)
    await kernelProduct(engine, {
      kernel,
      tables,
      x: await transform(engine, x, metric, precision),
      z: centers,
      v,
      out,
      signal,
    });
  let at = -1;
  return solutions.map(({ coefficients }) => {
    if (!coefficients) return undefined;
    at++;
    const values = zeros(m, c);
    for (let j = 0; j < m; j++)
      for (let l = 0; l < c; l++) values.data[j * c + l] = out.data[j * width + at * c + l]!;
    return values;
  });
}

/**
 * The metric learned from one solution of a round: the normalized average gradient outer product to the power s.
 * `undefined` when its gradients are zero or not finite.
 */
export async function nextMetric(
  engine: Engine,
  problem: FeatureProblem,
  settings: FeatureSettings,
  round: Round,
  coefficients: Matrix<Float64Array>,
  generator: Random,
  signal?: AbortSignal,
): Promise<Metric | undefined> {
  const { form, power, shrinkage, normalization, centered, agopRows } = settings;
  const agop = await averageGradientOuterProduct(engine, roundExpansion(engine, round, coefficients), {
    form,
    rows: sample(coefficients.rows, agopRows, generator),
    weights: problem.weights,
    centered,
    signal,
  });
  return metricRoot(engine, agop, power, shrinkage, normalization);
}

/** One solution of a round as a function: for `evaluate`, `gradients` and `averageGradientOuterProduct`. */
export function roundExpansion(
  engine: Engine,
  { kernel, metric, tables, centers }: Round,
  coefficients: Matrix<Float64Array>,
): TransformedExpansion {
  const { rows, cols } = coefficients;
  const stored = engine.allocate(rows, cols, precisionOf(centers.coordinates));
  stored.data.set(coefficients.data);
  return { kernel, metric, tables, centers, coefficients: stored };
}

/** The metric before anything was learned. */
export function firstMetric({ x, blockSizes }: FeatureProblem): Metric {
  return identityMetric(x.coordinates.cols, blockSizes);
}
