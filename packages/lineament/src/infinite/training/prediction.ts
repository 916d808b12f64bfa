import type { Engine, Gemm, Matrix } from "../../linalg/index.ts";
import { timeUnit } from "./training-time.ts";

/** What became of the kernel on the way to a prediction. */
export interface KernelReport {
  /** λ_max / λ_min of the matrix that was used, ridge and jitter included; Infinity when it is singular. */
  readonly conditionNumber: number;
  /** Eigenvalues below 0 that were taken for 0. */
  readonly clippedEigenvalues: number;
  /** Added to the diagonal because the matrix was not numerically positive definite. */
  readonly jitter: number;
  /** What `time` and learning rate × steps are counted in. */
  readonly timeUnit: string;
}

/** Outputs after training. */
export interface TrainedOutputs {
  /** n × c. */
  readonly train: Matrix<Float64Array>;
  /** m × c; undefined without `testTrain`. */
  readonly test: Matrix<Float64Array> | undefined;
  /** α, n × c: f = f_0 + Θ α, and the parameters moved by θ − θ_0 = Jᵀ α. */
  readonly coefficients: Matrix<Float64Array>;
  readonly report: KernelReport;
}

/** Covariance of trained outputs, the same for each of several outputs. */
export interface TrainedCovariance {
  readonly covariance: Matrix<Float64Array>;
  /** Variances that rounding made negative and that were set to 0. */
  readonly clippedVariances: number;
  readonly report: KernelReport;
}

export function kernelReport({
  smallest,
  largest,
  clippedEigenvalues = 0,
  jitter = 0,
}: {
  readonly smallest: number;
  readonly largest: number;
  readonly clippedEigenvalues?: number;
  readonly jitter?: number;
}): KernelReport {
  return {
    conditionNumber: smallest > 0 ? largest / smallest : Infinity,
    clippedEigenvalues,
    jitter,
    timeUnit,
  };
}

/** alpha op(A) op(B), in a new matrix; `plus` is added where it is given. */
export async function product(
  engine: Engine,
  { plus, ...call }: Omit<Gemm, "c" | "beta"> & { readonly plus?: Matrix | undefined },
): Promise<Matrix<Float64Array>> {
  const { a, b, transposeA = false, transposeB = false } = call;
  const c = engine.allocate(transposeA ? a.cols : a.rows, transposeB ? b.rows : b.cols, "float64");
  if (plus !== undefined) c.data.set(plus.data);
  if (c.data.length > 0) await engine.gemm({ ...call, c, beta: plus === undefined ? 0 : 1 });
  return c as Matrix<Float64Array>;
}

/** factor A, in a new matrix. */
export function scaled(a: Matrix, factor: number): Matrix<Float64Array> {
  return { data: Float64Array.from(a.data, (value) => factor * value), rows: a.rows, cols: a.cols };
}

/** A diag(values), in a new matrix. */
export function scaleColumns(engine: Engine, a: Matrix, values: Float64Array): Matrix<Float64Array> {
  const result = engine.allocate(a.rows, a.cols, "float64") as Matrix<Float64Array>;
  for (let i = 0, at = 0; i < a.rows; i++)
    for (let j = 0; j < a.cols; j++, at++) result.data[at] = a.data[at]! * values[j]!;
  return result;
}

/** diag(values) A, in place. */
export function scaleRows(a: Matrix<Float64Array>, values: Float64Array): Matrix<Float64Array> {
  for (let i = 0, at = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++, at++) a.data[at]! *= values[i]!;
  return a;
}

/** A − B, in a new matrix; without B a copy of A. */
export function difference(a: Matrix, b: Matrix | undefined): Matrix<Float64Array> {
  const data = Float64Array.from(a.data);
  if (b !== undefined) for (let at = 0; at < data.length; at++) data[at]! -= b.data[at]!;
  return { data, rows: a.rows, cols: a.cols };
}

/** ½ (C + Cᵀ) in place, negative variances set to 0 and counted. */
export function asCovariance(c: Matrix<Float64Array>): Omit<TrainedCovariance, "report"> {
  const { data, rows: n } = c;
  let clippedVariances = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const mean = (data[i * n + j]! + data[j * n + i]!) / 2;
      data[i * n + j] = mean;
      data[j * n + i] = mean;
    }
    if (data[i * n + i]! < 0) {
      data[i * n + i] = 0;
      clippedVariances++;
    }
  }
  return { covariance: c, clippedVariances };
}

/**
 * Refuses to hand on what overflowed on the way.
 * @throws RangeError
 */
export function finite<T extends Matrix | undefined>(call: string, a: T): T {
  if (a !== undefined && !a.data.every(Number.isFinite))
    throw new RangeError(
      `${call}: the outputs are too large for float64; train for less time, or with smaller steps`,
    );
  return a;
}
