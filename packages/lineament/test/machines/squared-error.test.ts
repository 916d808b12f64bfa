import { expect, test } from "vitest";
import { squaredError } from "../../src/machines/squared-error.ts";
import { filled } from "../contracts/data.ts";

const truth = filled(2, 2, () => 0);
/** ‖row‖² is 5 and 25. */
const values = filled(2, 2, (i, l) => (i === 0 ? 1 + l : 3 + l));

test("squared errors are summed over outputs and averaged over rows", () => {
  expect(squaredError(values, truth)).toBe(15);
});

test("a row counts in proportion to its weight", () => {
  expect(squaredError(values, truth, [3, 1])).toBe(10);
  expect(squaredError(values, truth, [6, 2])).toBe(10);
});
