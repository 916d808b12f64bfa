import { random, type Random } from "lineament";
import { Matrix } from "ml-matrix";
import { gaussianMatrix, orthogonalMatrix, rowsOf } from "../../../src/data/index.ts";
import { type Rows, singularTriplets } from "../../../src/predictions/index.ts";

/** Independent normal numbers. */
export function gaussianRows(rows: number, columns: number, generator: Random, std = 1): number[][] {
  return rowsOf(gaussianMatrix(rows, columns, generator, { std }));
}

/** A uniformly distributed orthogonal matrix. */
export function rotation(d: number, generator: Random): Matrix {
  return new Matrix(rowsOf(orthogonalMatrix(d, generator)));
}

/** Layers W_1, …, W_n with random entries between the given widths. */
export function randomLayers(widths: readonly number[], seed: number, std = 1): number[][][] {
  const generator = random(seed);
  return widths.slice(1).map((width, j) => gaussianRows(width, widths[j]!, generator, std));
}

/** Balanced layers with the product W and hidden layers one neuron wider than they must be, in random bases. */
export function balancedLayers(w: Rows, depth: number, seed: number): number[][][] {
  const generator = random(seed);
  const { u, values, v } = singularTriplets(w);
  const width = values.length + 1;
  const root = Matrix.zeros(width, width);
  values.forEach((value, r) => root.set(r, r, value ** (1 / depth)));
  const bases = Array.from({ length: depth - 1 }, () => rotation(width, generator));
  return Array.from({ length: depth }, (_, j) => {
    if (depth === 1) return w.map((row) => [...row]);
    const below = j === 0 ? v : bases[j - 1]!;
    const above = j === depth - 1 ? u : bases[j]!;
    const core = root.subMatrix(0, above.columns - 1, 0, below.columns - 1);
    return above.mmul(core).mmul(below.transpose()).to2DArray();
  });
}

/** ½ ‖W − Φ‖_F². */
export function factorizationLoss(w: Rows, target: Rows): number {
  return sumOfSquares(minus(w, target)) / 2;
}

export function minus(a: Rows, b: Rows): number[][] {
  return a.map((row, i) => row.map((value, j) => value - b[i]![j]!));
}

export function plus(a: Rows, b: Rows, factor = 1): number[][] {
  return a.map((row, i) => row.map((value, j) => value + factor * b[i]![j]!));
}

/** ‖a − b‖_F / ‖b‖_F. */
export function relativeDifference(a: Rows, b: Rows): number {
  return Math.sqrt(sumOfSquares(minus(a, b)) / sumOfSquares(b));
}

export function sumOfSquares(a: Rows): number {
  return a.flat().reduce((sum, value) => sum + value ** 2, 0);
}
