/** Numbers in one contiguous typed array. */
export type Numbers = Float32Array | Float64Array;

/** Storage precision of a matrix. */
export type Precision = "float32" | "float64";

/** A dense matrix, row-major: entry (i, j) is `data[i * cols + j]`. */
export interface Matrix<T extends Numbers = Numbers> {
  readonly data: T;
  readonly rows: number;
  readonly cols: number;
}

/** What users may pass where a matrix is expected. */
export type MatrixLike = Matrix | readonly (readonly number[])[];

/** A zero matrix in ordinary memory. */
export function zeros(rows: number, cols: number, precision: "float32"): Matrix<Float32Array>;
export function zeros(rows: number, cols: number, precision?: "float64"): Matrix<Float64Array>;
export function zeros(rows: number, cols: number, precision?: Precision): Matrix;
export function zeros(rows: number, cols: number, precision: Precision = "float64"): Matrix {
  const size = rows * cols;
  return { data: precision === "float32" ? new Float32Array(size) : new Float64Array(size), rows, cols };
}

/** The precision a matrix is stored in. */
export function precisionOf(a: Matrix): Precision {
  return a.data instanceof Float32Array ? "float32" : "float64";
}

/** Views a flat typed array as a matrix. Throws if the sizes disagree. */
export function matrix<T extends Numbers>(data: T, rows: number, cols: number): Matrix<T> {
  if (data.length !== rows * cols)
    throw new RangeError(`matrix: ${data.length} numbers cannot fill ${rows} × ${cols}`);
  return { data, rows, cols };
}

/**
 * Accepts a matrix, or rows of plain numbers (copied to float64).
 * @throws TypeError when it is neither, RangeError when rows differ in length
 */
export function asMatrix(value: MatrixLike, name = "matrix"): Matrix {
  if (!Array.isArray(value)) {
    const a = value as Partial<Matrix> | undefined;
    if (typeof a?.rows === "number" && typeof a.cols === "number" && typeof a.data?.length === "number")
      return a as Matrix;
    throw new TypeError(`${name} is no matrix, expected rows of numbers or { data, rows, cols }`);
  }
  const rows = value as readonly (readonly number[])[];
  const wrong = rows.findIndex((row) => typeof row?.length !== "number");
  if (wrong >= 0)
    throw new TypeError(`${name}: row ${wrong} is ${String(rows[wrong])}, expected a list of numbers`);
  const cols = rows[0]?.length ?? 0;
  const result = zeros(rows.length, cols);
  rows.forEach((row, i) => {
    if (row.length !== cols)
      throw new RangeError(`${name}: row ${i} has ${row.length} entries, row 0 has ${cols}`);
    result.data.set(row, i * cols);
  });
  return result;
}

/** Copies into the given precision (always a new array). */
export function convert(a: Matrix, precision: "float32"): Matrix<Float32Array>;
export function convert(a: Matrix, precision: "float64"): Matrix<Float64Array>;
export function convert(a: Matrix, precision: Precision): Matrix;
export function convert(a: Matrix, precision: Precision): Matrix {
  const data = precision === "float32" ? new Float32Array(a.data) : new Float64Array(a.data);
  return { data, rows: a.rows, cols: a.cols };
}

/** The rows of `a` at `indices`, in that order, copied. */
export function takeRows<T extends Numbers>(a: Matrix<T>, indices: ArrayLike<number>): Matrix<T> {
  const { cols } = a;
  const result = zeros(indices.length, cols, precisionOf(a));
  for (let i = 0; i < indices.length; i++) {
    const start = indices[i]! * cols;
    result.data.set(a.data.subarray(start, start + cols), i * cols);
  }
  return result as Matrix<T>;
}

/** Rows `start` to `end` as a view that shares memory. */
export function rowRange<T extends Numbers>(a: Matrix<T>, start: number, end: number): Matrix<T> {
  return { data: a.data.subarray(start * a.cols, end * a.cols) as T, rows: end - start, cols: a.cols };
}

/** Aᵀ, copied. */
export function transpose<T extends Numbers>(a: Matrix<T>): Matrix<T> {
  const { rows, cols, data } = a;
  const result = zeros(cols, rows, precisionOf(a));
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) result.data[j * rows + i] = data[i * cols + j]!;
  return result as Matrix<T>;
}
