import type { ObservedEntries } from "../../linear/index.ts";

/** Entries of a rows × cols matrix in row-major order, without the others: row i has the entries first[i] … first[i + 1] − 1. */
export interface KnownEntries {
  readonly rows: number;
  readonly cols: number;
  readonly first: Int32Array;
  readonly row: Int32Array;
  readonly column: Int32Array;
  readonly values: Float64Array;
  /** How many entries each row and each column has. */
  readonly rowCounts: Int32Array;
  readonly columnCounts: Int32Array;
}

/**
 * Sorts observed entries. Unlike `linear/`, which forms the matrix, it needs memory for the entries only.
 * @throws RangeError when there are none, one is out of range, not finite, or there twice
 */
export function knownEntries(call: string, observed: ObservedEntries): KnownEntries {
  const { rows, cols, row, column, values } = observed;
  for (const [name, size] of Object.entries({ rows, cols }))
    if (!(Number.isInteger(size) && size >= 1))
      throw new RangeError(`${call}: ${name} is ${size}, expected a whole number ≥ 1`);
  if (values.length === 0) throw new RangeError(`${call}: no entry is known, expected at least one`);
  if (row.length !== values.length || column.length !== values.length)
    throw new RangeError(
      `${call}: there are ${values.length} values, but ${row.length} rows and ${column.length} columns`,
    );
  for (let k = 0; k < values.length; k++) {
    const [i, j] = [row[k]!, column[k]!];
    if (!(Number.isInteger(i) && i >= 0 && i < rows && Number.isInteger(j) && j >= 0 && j < cols))
      throw new RangeError(
        `${call}: entry ${k} is in row ${i}, column ${j} (counted from 0), but the matrix is ${rows} × ${cols}`,
      );
    if (!Number.isFinite(values[k]!))
      throw new RangeError(`${call}: the value of entry ${k} is ${values[k]}, expected a finite number`);
  }
  const entries = sorted(rows, cols, row, column, values);
  for (let k = 1; k < values.length; k++)
    if (entries.row[k] === entries.row[k - 1] && entries.column[k] === entries.column[k - 1])
      throw new RangeError(
        `${call}: the entry in row ${entries.row[k]}, column ${entries.column[k]} (counted from 0) is there twice: average or drop duplicates`,
      );
  return entries;
}

/** Some of the entries, by their numbers. Rows and columns keep theirs, even those that are left without entries. */
export function takeEntries(
  { rows, cols, row, column, values }: KnownEntries,
  chosen: Int32Array,
): KnownEntries {
  const take = (from: ArrayLike<number>): Float64Array => Float64Array.from(chosen, (k) => from[k]!);
  return sorted(rows, cols, take(row), take(column), take(values));
}

/** By column, then stably by row: two counting sorts. */
function sorted(
  rows: number,
  cols: number,
  row: ArrayLike<number>,
  column: ArrayLike<number>,
  values: ArrayLike<number>,
): KnownEntries {
  const all = Int32Array.from({ length: values.length }, (_, k) => k);
  const byColumn = countingSort(all, column, cols);
  const byRow = countingSort(byColumn.order, row, rows);
  const { order, first } = byRow;
  return {
    rows,
    cols,
    first,
    row: order.map((k) => row[k]!),
    column: order.map((k) => column[k]!),
    values: Float64Array.from(order, (k) => values[k]!),
    rowCounts: differences(first),
    columnCounts: differences(byColumn.first),
  };
}

function countingSort(
  items: Int32Array,
  keys: ArrayLike<number>,
  range: number,
): { readonly order: Int32Array; readonly first: Int32Array } {
  const first = new Int32Array(range + 1);
  for (const k of items) first[keys[k]! + 1]!++;
  for (let key = 0; key < range; key++) first[key + 1]! += first[key]!;
  const next = first.slice();
  const order = new Int32Array(items.length);
  for (const k of items) order[next[keys[k]!]!++] = k;
  return { order, first };
}

function differences(first: Int32Array): Int32Array {
  return first.subarray(1).map((end, k) => end - first[k]!);
}
