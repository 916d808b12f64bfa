import { lanczos, ritzPairs, type SymmetricProduct } from "lineament";

/** An eigenvalue with its eigenvector of length 1. */
export interface Eigenpair {
  readonly value: number;
  readonly vector: Float64Array;
}

/**
 * The smallest eigenvalue of a symmetric matrix and its eigenvector, as well as some steps of Lanczos know them: the value is
 * the curvature along the vector exactly, and never below the smallest eigenvalue but for rounding.
 *
 * @param product - v ↦ A v
 * @param steps - default 40
 */
export async function smallestEigenpair(
  product: SymmetricProduct,
  dimension: number,
  { steps = 40, signal }: { readonly steps?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<Eigenpair> {
  const known = await lanczos(product, dimension, { steps: Math.min(steps, dimension), signal });
  const { values, vectors } = ritzPairs(known);
  const vector = new Float64Array(dimension);
  known.basis.forEach((direction, j) => {
    const weight = vectors.data[j * vectors.cols]!;
    direction.forEach((value, k) => (vector[k]! += weight * value));
  });
  return { value: values[0]!, vector };
}
