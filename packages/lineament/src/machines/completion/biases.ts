import { zeros } from "../../linalg/index.ts";
import type { BiasRidges, Completion } from "./completion.ts";
import { biasPoint, type CompletionPath } from "./completion-path.ts";
import type { KnownEntries } from "./known-entries.ts";

/** The mean of the entries, and nothing else. */
export const meanPath: CompletionPath = async function* mean(entries) {
  yield biasPoint(meanOnly(entries));
};

/** Mean, row biases and column biases under each of these ridges in turn. */
export function biasPath(ridges: readonly BiasRidges[]): CompletionPath {
  return async function* biases(entries, { signal }) {
    let completion = meanOnly(entries);
    for (const [step, ridge] of ridges.entries()) {
      signal?.throwIfAborted();
      completion = fitBiases(entries, ridge, completion);
      yield biasPoint(completion, step, ridge.rows);
    }
  };
}

/**
 * min Σ (value − mean − a_i − b_j)² + ridge_r Σ a_i² + ridge_c Σ b_j²: exact in a and in b by turns, until nothing moves by more
 * than 1e-4 of the spread of the values.
 *
 * @param start - biases to start from
 */
export function fitBiases(entries: KnownEntries, ridges: BiasRidges, start: Completion): Completion {
  const { row, column, values, rowCounts, columnCounts } = entries;
  const { mean } = start;
  const [a, b] = [start.rowBiases.slice(), start.columnBiases.slice()];
  let spread = 0;
  for (const value of values) spread = Math.max(spread, Math.abs(value - mean));
  for (let sweep = 0; sweep < 200; sweep++) {
    const movedColumns = shrunkenMeans(
      b,
      columnCounts,
      column,
      ridges.columns,
      (k) => values[k]! - mean - a[row[k]!]!,
    );
    const movedRows = shrunkenMeans(
      a,
      rowCounts,
      row,
      ridges.rows,
      (k) => values[k]! - mean - b[column[k]!]!,
    );
    if (Math.max(movedColumns, movedRows) <= 1e-4 * spread) break;
  }
  return { ...start, rowBiases: a, columnBiases: b };
}

/** What mean and biases leave of the entries. */
export function biasResiduals(
  { row, column, values }: KnownEntries,
  { mean, rowBiases, columnBiases }: Completion,
): Float64Array {
  return values.map((value, k) => value - mean - rowBiases[row[k]!]! - columnBiases[column[k]!]!);
}

/** The mean as a completion of these entries. */
export function meanOnly({ rows, cols, values }: KnownEntries): Completion {
  let sum = 0;
  for (const value of values) sum += value;
  return {
    mean: sum / values.length,
    rowBiases: new Float64Array(rows),
    columnBiases: new Float64Array(cols),
    left: zeros(rows, 0),
    right: zeros(cols, 0),
  };
}

/** Writes Σ residuals / (count + ridge) of each group over `biases`; returns how far the farthest moved. */
function shrunkenMeans(
  biases: Float64Array,
  counts: Int32Array,
  group: Int32Array,
  ridge: number,
  residual: (k: number) => number,
): number {
  const sums = new Float64Array(biases.length);
  for (let k = 0; k < group.length; k++) sums[group[k]!]! += residual(k);
  let moved = 0;
  for (let g = 0; g < biases.length; g++) {
    const now = counts[g] === 0 ? 0 : sums[g]! / (counts[g]! + ridge);
    moved = Math.max(moved, Math.abs(now - biases[g]!));
    biases[g] = now;
  }
  return moved;
}
