import { asMatrix, type MatrixLike } from "../linalg/index.ts";
import { checkCount, checkNumbers } from "./checks.ts";

/** Some entries of a rows × cols matrix, in any order, each at most once. */
export interface ObservedEntries {
  readonly rows: number;
  readonly cols: number;
  /** Row of each entry, counted from 0. */
  readonly row: ArrayLike<number>;
  readonly column: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/**
 * The entries of a matrix that are there; NaN stands for one that is not observed.
 * @throws RangeError when none is observed, or one is infinite
 */
export function observedEntries(matrix: MatrixLike): ObservedEntries {
  const { data, rows, cols } = asMatrix(matrix, "observedEntries");
  const at: number[] = [];
  data.forEach((value: number, place: number) => {
    if (!Number.isNaN(value)) at.push(place);
  });
  const observed = {
    rows,
    cols,
    row: Int32Array.from(at, (place) => Math.floor(place / cols)),
    column: Int32Array.from(at, (place) => place % cols),
    values: Float64Array.from(at, (place) => data[place]!),
  };
  entriesOf("observedEntries", observed);
  return observed;
}

/** Observed entries by their places in row-major order. */
export interface Entries {
  readonly rows: number;
  readonly cols: number;
  readonly at: Int32Array;
  readonly values: Float64Array;
}

/** @throws RangeError when there are none, or one is out of range, not finite, or there twice */
export function entriesOf(call: string, observed: ObservedEntries): Entries {
  const { rows, cols, row, column } = observed;
  checkCount(call, "rows", rows);
  checkCount(call, "cols", cols);
  const values = checkNumbers(call, "values", observed.values);
  if (values.length === 0) throw new RangeError(`${call}: no entry is observed, expected at least one`);
  if (row.length !== values.length || column.length !== values.length)
    throw new RangeError(
      `${call}: there are ${values.length} values, but ${row.length} rows and ${column.length} columns`,
    );
  const seen = new Uint8Array(rows * cols);
  const at = new Int32Array(values.length);
  for (let k = 0; k < at.length; k++) {
    const [i, j] = [row[k]!, column[k]!];
    if (!(Number.isInteger(i) && i >= 0 && i < rows && Number.isInteger(j) && j >= 0 && j < cols))
      throw new RangeError(
        `${call}: entry ${k} is in row ${i}, column ${j} (counted from 0), but the matrix is ${rows} × ${cols}`,
      );
    const place = i * cols + j;
    if (seen[place])
      throw new RangeError(
        `${call}: the entry in row ${i}, column ${j} (counted from 0) is there twice: average or drop duplicates`,
      );
    seen[place] = 1;
    at[k] = place;
  }
  return { rows, cols, at, values };
}
