import { expect, test } from "vitest";
import { knownEntries, takeEntries } from "../../../src/machines/completion/known-entries.ts";

const observed = { rows: 3, cols: 4, row: [2, 0, 0, 2], column: [1, 3, 0, 0], values: [5, 6, 7, 8] };

test("entries are sorted by row, then by column", () => {
  const { first, row, column, values } = knownEntries("test", observed);
  expect([[...first], [...row], [...column], [...values]]).toEqual([
    [0, 2, 2, 4],
    [0, 0, 2, 2],
    [0, 3, 0, 1],
    [7, 6, 8, 5],
  ]);
});

test("counts are those of rows and columns, with 0 where there is nothing", () => {
  const { rowCounts, columnCounts } = knownEntries("test", observed);
  expect([[...rowCounts], [...columnCounts]]).toEqual([
    [2, 0, 2],
    [2, 1, 0, 1],
  ]);
});

test("some of the entries keep the shape of the matrix", () => {
  const { rows, cols, values, first } = takeEntries(knownEntries("test", observed), Int32Array.of(1, 3));
  expect({ rows, cols, values: [...values], first: [...first] }).toEqual({
    rows: 3,
    cols: 4,
    values: [6, 5],
    first: [0, 1, 1, 2],
  });
});

test.each([
  ["no entries", { ...observed, row: [], column: [], values: [] }, "no entry is known"],
  [
    "an entry twice",
    { ...observed, row: [2, 0, 2, 1], column: [1, 3, 1, 0] },
    "row 2, column 1 (counted from 0) is there twice",
  ],
  ["a row out of range", { ...observed, row: [3, 0, 0, 2] }, "the matrix is 3 × 4"],
  ["a value that is not finite", { ...observed, values: [1, 2, Infinity, 4] }, "entry 2 is Infinity"],
  ["lists of unequal lengths", { ...observed, column: [1, 3] }, "4 values, but 4 rows and 2 columns"],
  ["an empty matrix", { ...observed, rows: 0 }, "rows is 0"],
])("refuses %s", (_, entries, message) => {
  expect(() => knownEntries("test", entries)).toThrow(message);
});
