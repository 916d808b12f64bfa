import { type Matrix, zeros } from "lineament";

/** Labels 0 … classes − 1 as rows with a 1 in their column. */
export function oneHot(labels: Int32Array, classes: number): Matrix<Float64Array> {
  const y = zeros(labels.length, classes);
  labels.forEach((label, i) => (y.data[i * classes + label] = 1));
  return y;
}

/** Labels as a column of signs: 1 for those that are `positive`, −1 for the others. */
export function signsOf(labels: Int32Array, positive: number): Matrix<Float64Array> {
  return {
    data: Float64Array.from(labels, (label) => (label === positive ? 1 : -1)),
    rows: labels.length,
    cols: 1,
  };
}
