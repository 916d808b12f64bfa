import { asMatrix, type Matrix, random } from "lineament";
import { describe, expect, it } from "vitest";
import { gaussianMatrix, oneHot, rowsOf, shuffledColumns, signsOf } from "../../src/data/index.ts";
import { accuracy, diagonalShares, largestPlaces } from "../../src/measures/index.ts";

const doubles = (rows: readonly (readonly number[])[]): Matrix<Float64Array> =>
  asMatrix(rows) as Matrix<Float64Array>;

describe("the accuracy of a classifier", () => {
  it("goes by signs when there is one output", () => {
    expect(accuracy(doubles([[0.1], [-3], [2], [0]]), doubles([[1], [-1], [-1], [1]]))).toBe(0.5);
  });

  it("goes by the largest of several outputs", () => {
    const targets = oneHot(Int32Array.of(0, 2, 1), 3);
    expect(rowsOf(targets)).toEqual([
      [1, 0, 0],
      [0, 0, 1],
      [0, 1, 0],
    ]);
    const values = doubles([
      [-1, -2, -3],
      [5, 0, 4],
      [0, 0.2, 0.1],
    ]);
    expect(accuracy(values, targets)).toBe(2 / 3);
    expect(rowsOf(signsOf(Int32Array.of(3, 8, 8), 8))).toEqual([[-1], [1], [1]]);
  });
});

describe("shares of coordinates", () => {
  it("are those of the diagonal, and are ranked", () => {
    const shares = diagonalShares(
      doubles([
        [1, 7, 7],
        [7, 5, 7],
        [7, 7, 4],
      ]),
    );
    expect(shares).toEqual([0.1, 0.5, 0.4]);
    expect(largestPlaces(shares, 2)).toEqual([1, 2]);
  });
});

describe("shuffled columns", () => {
  it("keep their values, together, and leave the others", () => {
    const x = gaussianMatrix(50, 4, random(1));
    const shuffled = rowsOf(shuffledColumns(x, [1, 3], random(2)));
    const rows = rowsOf(x);
    const pairs = (of: readonly number[][]): string[] => of.map((row) => `${row[1]} ${row[3]}`);
    expect(pairs(shuffled).toSorted()).toEqual(pairs(rows).toSorted());
    expect(pairs(shuffled)).not.toEqual(pairs(rows));
    expect(shuffled.map((row) => [row[0], row[2]])).toEqual(rows.map((row) => [row[0], row[2]]));
  });
});
