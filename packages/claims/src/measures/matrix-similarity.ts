import type { Matrix } from "lineament";
import { mean } from "./statistics.ts";

/** The correlation of the entries of two matrices of one shape. */
export function pearson(a: Matrix, b: Matrix): number {
  const [meanA, meanB] = [mean(a.data), mean(b.data)];
  let [products, squaresA, squaresB] = [0, 0, 0];
  for (let at = 0; at < a.data.length; at++) {
    const [x, y] = [a.data[at]! - meanA, b.data[at]! - meanB];
    products += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return products / Math.sqrt(squaresA * squaresB);
}

/** ⟨A, B⟩ / (‖A‖ ‖B‖) in the Frobenius inner product. */
export function cosine(a: Matrix, b: Matrix): number {
  const inner = (x: Matrix, y: Matrix): number => {
    let sum = 0;
    for (let at = 0; at < x.data.length; at++) sum += x.data[at]! * y.data[at]!;
    return sum;
  };
  return inner(a, b) / Math.sqrt(inner(a, a) * inner(b, b));
}

/** tr(P A) / tr A with the projection P onto some coordinates: their share of a feature matrix. */
export function coordinateEnergy({ data, rows }: Matrix, coordinates: readonly number[]): number {
  const diagonal = (k: number): number => data[k * (rows + 1)]!;
  let trace = 0;
  for (let k = 0; k < rows; k++) trace += diagonal(k);
  return coordinates.reduce((sum, k) => sum + diagonal(k), 0) / trace;
}
