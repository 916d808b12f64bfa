import { expect, test } from "vitest";
import { asMatrix, type MatrixLike } from "../../src/linalg/index.ts";

test("rows of numbers become a matrix, a matrix stays what it is", () => {
  const made = asMatrix([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  expect(made).toEqual({ data: Float64Array.of(1, 2, 3, 4, 5, 6), rows: 3, cols: 2 });
  expect(asMatrix(made)).toBe(made);
  expect(asMatrix([])).toEqual({ data: new Float64Array(0), rows: 0, cols: 0 });
});

test.for<[string, unknown, string]>([
  ["nothing", undefined, "x is no matrix, expected rows of numbers or { data, rows, cols }"],
  ["text", "1, 2", "x is no matrix"],
  ["numbers without rows", Float64Array.of(1, 2), "x is no matrix"],
  ["a list of numbers", [1, 2], "x: row 0 is 1, expected a list of numbers"],
  ["a missing row", [[1], undefined], "x: row 1 is undefined"],
  ["rows of different lengths", [[1, 2], [3]], "x: row 1 has 1 entries, row 0 has 2"],
])("%s is refused by name", ([, value, message]) => {
  expect(() => asMatrix(value as MatrixLike, "x")).toThrow(message);
});
