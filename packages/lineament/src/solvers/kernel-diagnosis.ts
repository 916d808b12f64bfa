import { type Engine, type Matrix, permutation, random, takeRows, zeros } from "../linalg/index.ts";
import { eigenframework, type Overfitting, overfittingOf } from "./eigenframework.ts";
import { leaveOneOut, type RidgeAssessment, ridgeSpectrum } from "./leave-one-out.ts";
import { type PowerLaws, sampledEigenstructure } from "./sampled-eigenstructure.ts";

/** What a kernel and a ridge make of a target, now and with other numbers of rows. Errors are sums over target columns. */
export interface KernelDiagnosis {
  /** N: rows of the kernel matrix. */
  readonly rows: number;
  readonly ridge: number;
  /** Mean of ‖y‖² over rows: the error of always predicting the mean. */
  readonly variance: number;
  /** Mean squared error on the rows that were fitted. */
  readonly trainError: number;
  /** Mean squared error on rows left out one by one. */
  readonly leaveOneOutError: number;
  /** Standard error of the leave-one-out error over rows: the least that is unsure of any number here. */
  readonly standardError: number;
  /** tr K (K + λI)⁻¹, of N at most. */
  readonly effectiveDimension: number;
  /** Of K/N, largest first. */
  readonly eigenvalues: Float64Array;
  readonly laws: PowerLaws;
  /** The unlearned part of the target at the finest resolution of N rows: the noise is at most so large. */
  readonly noiseAtMost: number;
  readonly overfitting: {
    /** Of the machine with its ridge. */
    readonly withRidge: OverfittingVerdict;
    /** Of the interpolant, λ → 0 (10⁻¹² of the largest eigenvalue). */
    readonly withoutRidge: OverfittingVerdict;
  };
  /** What the eigenframework predicts, by number of rows. */
  readonly curve: readonly LearningCurvePoint[];
  /** What fits to parts of the rows reached, by number of rows; the last is the fit to all of them. */
  readonly measured: readonly MeasuredPoint[];
}

export interface OverfittingVerdict {
  readonly kind: Overfitting;
  /** E₀: what overfitting multiplies noise by at N rows, and at a quarter of them. */
  readonly noiseFactor: number;
  readonly noiseFactorAtQuarter: number;
}

export interface LearningCurvePoint {
  readonly rows: number;
  readonly testError: number;
  readonly trainError: number;
  readonly noiseFactor: number;
  /** Directions learned. */
  readonly dimension: number;
  /** So many rows resolve more than N rows show: power laws went on. */
  readonly extrapolated: boolean;
}

export interface MeasuredPoint {
  readonly rows: number;
  /** Disjoint parts that were fitted. */
  readonly parts: number;
  readonly leaveOneOutError: number;
  /** Of the leave-one-out error, over all rows of the parts. */
  readonly standardError: number;
  /** Mean squared error on test rows, where there are any. */
  readonly testError?: number | undefined;
}

export interface DiagnoseKernelOptions {
  /** Numbers of rows to predict for. Default N/8, N/4 … 8 N, rounded. */
  readonly at?: readonly number[] | undefined;
  /** Test rows: k(x_i, t), N × m, and their targets, m × c, centered as y is. */
  readonly test?: { readonly cross: Matrix; readonly y: Matrix } | undefined;
  /** Which rows the parts hold. Default 0. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The fewest rows that anything can be said of: quarters of them are fitted. */
export const FEWEST_DIAGNOSED_ROWS = 40;

/** Parts of 1/8, 1/4 and 1/2 of the rows, and how many of each are fitted. */
const PARTS = [
  { share: 8, parts: 4 },
  { share: 4, parts: 4 },
  { share: 2, parts: 2 },
] as const;

/**
 * λ of no ridge, in units of the largest eigenvalue: as little as rounding allows. Where eigenvalues fall below it, as those of
 * Gaussian kernels of few variables do, it is a ridge still: the interpolant itself is beyond floating-point numbers.
 */
const NO_RIDGE = 1e-12;

/**
 * Diagnoses kernel ridge regression with a kernel matrix, targets and a ridge: the eigenframework read off by leave-one-out
 * (`sampledEigenstructure`) gives its learning curve, power laws and how its overfitting weighs; fits to disjoint parts of
 * the rows are put beside it. About 12 N³ flops and 4 N² doubles.
 *
 * **Valid for a fixed kernel**, as `leaveOneOut` is: where a metric was learned from the same labels, errors are optimistic.
 *
 * @param k - kernel matrix, N × N; not changed
 * @param y - targets, N × c, centered by their means (every part is centered again by its own)
 * @param ridge - λ ≥ 0
 * @throws RangeError for fewer than 40 rows, sizes that disagree, or targets that do not vary
 */
export async function diagnoseKernel(
  engine: Engine,
  k: Matrix,
  y: Matrix,
  ridge: number,
  { at, test, seed = 0, signal }: DiagnoseKernelOptions = {},
): Promise<KernelDiagnosis> {
  const n = k.rows;
  if (n < FEWEST_DIAGNOSED_ROWS)
    throw new RangeError(
      `diagnoseKernel: ${n} rows; at least ${FEWEST_DIAGNOSED_ROWS} are needed to see how errors fall with more of them`,
    );
  if (!(ridge >= 0 && ridge < Infinity))
    throw new RangeError(`diagnoseKernel: the ridge is ${ridge}; it must be 0 or more`);
  if (test && (test.cross.rows !== n || test.cross.cols !== test.y.rows || test.y.cols !== y.cols))
    throw new RangeError(
      `diagnoseKernel: test.cross is ${test.cross.rows} × ${test.cross.cols} and test.y ${test.y.rows} × ${test.y.cols}; expected ${n} × m and m × ${y.cols}`,
    );
  const variance = meanSquare(y);
  if (!(variance > 0))
    throw new RangeError("diagnoseKernel: the targets are 0 in every row; there is nothing to learn");

  const spectrum = await ridgeSpectrum(engine, k, y);
  const floor = NO_RIDGE * spectrum.eigenvalues.at(-1)!;
  const ridges = [Math.max(ridge, floor), floor];
  const structure = await sampledEigenstructure(engine, spectrum);
  const [all, bare] = (await leaveOneOut(engine, spectrum, ridges)) as [RidgeAssessment, RidgeAssessment];

  const order = permutation(n, random(seed));
  const measured: MeasuredPoint[] = [];
  let quarter: { readonly all: number; readonly bare: number } = { all: 1, bare: 1 };
  for (const { share, parts } of PARTS) {
    const rows = Math.floor(n / share);
    if (rows < FEWEST_DIAGNOSED_ROWS / 4) continue;
    const fits: Part[] = [];
    for (let part = 0; part < parts; part++) {
      signal?.throwIfAborted();
      fits.push(await fitPart(engine, k, y, order.slice(part * rows, (part + 1) * rows), ridges, test));
    }
    const mean = (value: (part: Part) => number): number =>
      fits.reduce((sum, part) => sum + value(part) / parts, 0);
    if (share === 4) quarter = { all: mean((one) => one.noiseFactor), bare: mean((one) => one.bareFactor) };
    measured.push({
      rows,
      parts,
      ...errorOf(fits.flatMap(({ losses }) => [...losses])),
      ...(test ? { testError: mean((one) => one.testError!) } : {}),
    });
  }
  const losses = rowSquares(all.residuals);
  measured.push({
    rows: n,
    parts: 1,
    ...errorOf(losses),
    ...(test ? { testError: await errorOn(engine, test, all.coefficients) } : {}),
  });

  const predicted = at ?? [8, 4, 2, 1, 1 / 2, 1 / 4, 1 / 8].map((share) => Math.round(n / share));
  return {
    rows: n,
    ridge,
    variance,
    trainError: all.ridge ** 2 * meanSquare(all.coefficients),
    ...errorOf(losses),
    effectiveDimension: all.effectiveDimension,
    eigenvalues: spectrum.eigenvalues.toReversed().map((value) => value / n),
    laws: structure.laws,
    noiseAtMost: structure.at(structure.resolution).remainder,
    overfitting: {
      withRidge: verdict(quarter.all, all.noiseFactor),
      withoutRidge: verdict(quarter.bare, bare.noiseFactor),
    },
    curve: predicted.map((rows) => {
      const { kappa, testError, trainError, noiseFactor, dimension } = eigenframework(structure, rows, ridge);
      return {
        rows,
        testError,
        trainError,
        noiseFactor,
        dimension,
        extrapolated: kappa < 0.98 * structure.resolution,
      };
    }),
    measured,
  };
}

interface Part {
  /** Squared error of each row, left out. */
  readonly losses: Float64Array;
  readonly noiseFactor: number;
  readonly bareFactor: number;
  readonly testError: number | undefined;
}

async function fitPart(
  engine: Engine,
  k: Matrix,
  y: Matrix,
  rows: Int32Array,
  ridges: readonly number[],
  test: DiagnoseKernelOptions["test"],
): Promise<Part> {
  const m = rows.length;
  const own = zeros(m, m);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < m; j++) own.data[i * m + j] = k.data[rows[i]! * k.cols + rows[j]!]!;
  const targets = takeRows(y, rows);
  const means = columnMeans(targets);
  for (let at = 0; at < targets.data.length; at++) targets.data[at]! -= means[at % y.cols]!;
  const [all, bare] = (await leaveOneOut(engine, await ridgeSpectrum(engine, own, targets), ridges)) as [
    RidgeAssessment,
    RidgeAssessment,
  ];
  return {
    losses: rowSquares(all.residuals),
    noiseFactor: all.noiseFactor,
    bareFactor: bare.noiseFactor,
    testError:
      test &&
      (await errorOn(engine, { cross: takeRows(test.cross, rows), y: test.y }, all.coefficients, means)),
  };
}

async function errorOn(
  engine: Engine,
  { cross, y }: NonNullable<DiagnoseKernelOptions["test"]>,
  coefficients: Matrix<Float64Array>,
  means: Float64Array = new Float64Array(y.cols),
): Promise<number> {
  const residuals = zeros(y.rows, y.cols);
  for (let at = 0; at < y.data.length; at++) residuals.data[at] = y.data[at]! - means[at % y.cols]!;
  await engine.gemm({ a: cross, b: coefficients, c: residuals, transposeA: true, alpha: -1, beta: 1 });
  return meanSquare(residuals);
}

function verdict(atQuarter: number, atAll: number): OverfittingVerdict {
  // Rounding may leave a factor a little below 1 under a huge ridge.
  const [noiseFactorAtQuarter, noiseFactor] = [Math.max(1, atQuarter), Math.max(1, atAll)];
  return { kind: overfittingOf(noiseFactorAtQuarter, noiseFactor), noiseFactor, noiseFactorAtQuarter };
}

/** The mean of losses and its standard error. */
function errorOf(losses: ArrayLike<number>): { leaveOneOutError: number; standardError: number } {
  const n = losses.length;
  let [sum, square] = [0, 0];
  for (let i = 0; i < n; i++) sum += losses[i]!;
  for (let i = 0; i < n; i++) square += (losses[i]! - sum / n) ** 2;
  return { leaveOneOutError: sum / n, standardError: Math.sqrt(square / (n - 1) / n) };
}

function rowSquares({ data, rows, cols }: Matrix): Float64Array {
  const squares = new Float64Array(rows);
  for (let at = 0; at < data.length; at++) squares[Math.floor(at / cols)]! += data[at]! ** 2;
  return squares;
}

/** Mean over rows of the squared length. */
function meanSquare({ data, rows }: Matrix): number {
  let sum = 0;
  for (let at = 0; at < data.length; at++) sum += data[at]! ** 2;
  return sum / rows;
}

function columnMeans({ data, rows, cols }: Matrix): Float64Array {
  const means = new Float64Array(cols);
  for (let at = 0; at < data.length; at++) means[at % cols]! += data[at]! / rows;
  return means;
}
