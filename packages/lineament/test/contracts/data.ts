import { expect } from "vitest";
import {
  convert,
  type Engine,
  type FusedKernel,
  type Matrix,
  type Points,
  type Precision,
  random,
  zeros,
} from "../../src/linalg/index.ts";

/** Standard normal entries. */
export function normals(rows: number, cols: number, seed = 0): Matrix<Float64Array> {
  const generator = random(seed);
  const result = zeros(rows, cols);
  for (let at = 0; at < result.data.length; at++) result.data[at] = generator.normal();
  return result;
}

/** A matrix of f(i, j). */
export function filled(
  rows: number,
  cols: number,
  f: (i: number, j: number) => number,
): Matrix<Float64Array> {
  const result = zeros(rows, cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) result.data[i * cols + j] = f(i, j);
  return result;
}

export const points = (coordinates: Matrix): Points => ({ coordinates });

/** Points with one level a row for each of the given level columns. */
export function withLevels(coordinates: Matrix, ...columns: readonly (readonly number[])[]): Points {
  const levels = new Int32Array(coordinates.rows * columns.length);
  columns.forEach((column, g) => column.forEach((level, i) => (levels[i * columns.length + g] = level)));
  return { coordinates, levels };
}

/** K(x, x) of plain coordinates. */
export async function gram(
  engine: Engine,
  kernel: FusedKernel,
  x: Matrix,
  precision: Precision = "float64",
): Promise<Matrix> {
  const out = engine.allocate(x.rows, x.rows, precision);
  await engine.kernelMatrix({ kernel, x: points(convert(x, precision)), out });
  return out;
}

/** A B, entry by entry. */
export function product(a: Matrix, b: Matrix): Matrix<Float64Array> {
  return filled(a.rows, b.cols, (i, j) => {
    let sum = 0;
    for (let k = 0; k < a.cols; k++) sum += a.data[i * a.cols + k]! * b.data[k * b.cols + j]!;
    return sum;
  });
}

/** A⁻¹ B by Gaussian elimination with row exchanges. */
export function eliminate(a: Matrix, b: Matrix): Matrix<Float64Array> {
  const n = a.rows;
  const c = b.cols;
  const left = convert(a, "float64").data;
  const right = convert(b, "float64");
  const swap = (data: Float64Array, width: number, i: number, j: number): void => {
    for (let k = 0; k < width; k++) {
      const kept = data[i * width + k]!;
      data[i * width + k] = data[j * width + k]!;
      data[j * width + k] = kept;
    }
  };
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++)
      if (Math.abs(left[i * n + k]!) > Math.abs(left[pivot * n + k]!)) pivot = i;
    swap(left, n, k, pivot);
    swap(right.data, c, k, pivot);
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = left[i * n + k]! / left[k * n + k]!;
      for (let j = k; j < n; j++) left[i * n + j]! -= factor * left[k * n + j]!;
      for (let l = 0; l < c; l++) right.data[i * c + l]! -= factor * right.data[k * c + l]!;
    }
  }
  for (let i = 0; i < n; i++) for (let l = 0; l < c; l++) right.data[i * c + l]! /= left[i * n + i]!;
  return right;
}

/** max |a − b|. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    largest = difference <= largest ? largest : difference; // a NaN stays
  }
  return largest;
}

/** Every entry of `actual` within `tolerance` of `expected`, in units of the largest expected one (at least 1). */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  let scale = 1;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]!));
  expect(largestDifference(actual, expected) / scale).toBeLessThanOrEqual(tolerance);
}
