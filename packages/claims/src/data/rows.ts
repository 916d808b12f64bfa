import type { Matrix } from "lineament";

/** A matrix as rows of plain numbers, the form that predictions take and JSON keeps. */
export function rowsOf(a: Matrix): number[][] {
  return Array.from({ length: a.rows }, (_, i) => Array.from(a.data.subarray(i * a.cols, (i + 1) * a.cols)));
}

/** ⟨a, b⟩. */
export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
