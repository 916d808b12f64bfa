import type { Engine, Matrix } from "lineament";
import { rowProducts } from "./products.ts";

/** How n labels and p features of n examples see each other: Z Zᵀ/n = U diag(values) Uᵀ. */
export interface SampleModes {
  /** s_i ≥ 0, ascending; those of rounding are 0 exactly. */
  readonly values: Float64Array;
  /** U, n × n, eigenvectors in columns. */
  readonly vectors: Matrix;
}

/** The modes of features Z, n × p. */
export async function sampleModes(engine: Engine, z: Matrix): Promise<SampleModes> {
  const gram = await rowProducts(engine, z);
  for (let at = 0; at < gram.data.length; at++) gram.data[at]! /= z.rows;
  const { values, vectors } = await engine.eigenSymmetric(gram);
  const rounding = 2 ** -52 * z.rows * values.at(-1)!;
  return { values: values.map((value) => (value > rounding ? value : 0)), vectors };
}

/** Uᵀ labels. */
export function modeCoordinates({ vectors }: SampleModes, labels: Float64Array): Float64Array {
  const { data, rows: n, cols } = vectors;
  const coordinates = new Float64Array(cols);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < cols; k++) coordinates[k]! += data[i * cols + k]! * labels[i]!;
  return coordinates;
}
