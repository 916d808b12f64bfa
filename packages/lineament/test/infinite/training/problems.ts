import { type Matrix, zeros } from "../../../src/linalg/index.ts";
import { filled, normals } from "../../contracts/data.ts";
import vectors from "../../vectors/infinite-width.json" with { type: "json" };

/** Rows of numbers, or one number a row. */
export function rows(values: readonly (readonly number[] | number)[]): Matrix<Float64Array> {
  const list = values.map((row) => (typeof row === "number" ? [row] : row));
  return filled(list.length, list[0]!.length, (i, j) => list[i]![j]!);
}

/** Two networks of the vectors, with their kernels, data and expected predictions. */
export const references = vectors.prediction.map(
  ({ id, blocks, inputs, expected, ntkEigenvalues, tolerance }) => ({
    id,
    expected,
    ntkEigenvalues,
    tolerance,
    ntk: blocksOf(blocks.ntk),
    nngp: blocksOf(blocks.nngp),
    targets: rows(inputs.y),
    initial: { train: rows(inputs.f0Train), test: rows(inputs.f0Test) },
  }),
);

function blocksOf(lists: { trainTrain: number[][]; testTrain: number[][]; testTest: number[][] }) {
  return {
    trainTrain: rows(lists.trainTrain),
    testTrain: rows(lists.testTrain),
    testTest: rows(lists.testTest),
  };
}

/** Two random kernels of given rank at n training and m test points, positive semidefinite together. */
export function problem(n: number, m: number, c: number, seed: number, rank = n + m) {
  const kernel = (root: Matrix) => {
    const entry = (i: number, j: number): number => {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += (root.data[i * rank + k]! * root.data[j * rank + k]!) / rank;
      return sum;
    };
    return {
      trainTrain: filled(n, n, entry),
      testTrain: filled(m, n, (i, j) => entry(n + i, j)),
      testTest: filled(m, m, (i, j) => entry(n + i, n + j)),
    };
  };
  return {
    ntk: kernel(normals(n + m, rank, seed)),
    nngp: kernel(normals(n + m, rank, seed + 1)),
    targets: normals(n, c, seed + 2),
    initial: { train: normals(n, c, seed + 3), test: normals(m, c, seed + 4) },
  };
}

export function identity(n: number): Matrix<Float64Array> {
  return filled(n, n, (i, j) => (i === j ? 1 : 0));
}

/** a A + b B. */
export function sum(a: number, left: Matrix, b: number, right: Matrix): Matrix<Float64Array> {
  const result = zeros(left.rows, left.cols);
  for (let at = 0; at < result.data.length; at++) result.data[at] = a * left.data[at]! + b * right.data[at]!;
  return result;
}
