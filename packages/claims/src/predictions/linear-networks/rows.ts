import { Matrix } from "ml-matrix";

/** A matrix as a list of its rows. */
export type Rows = readonly (readonly number[])[];

/** A copy to calculate with. */
export function matrixOf(rows: Rows): Matrix {
  return new Matrix(rows.map((row) => [...row]));
}
