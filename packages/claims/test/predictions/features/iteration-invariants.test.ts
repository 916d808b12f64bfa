import { expect, it } from "vitest";
import { isInvariant, type IterationVariant } from "../../../src/predictions/index.ts";

const plain: IterationVariant = { normalization: "none", form: "full", p: 2 };

it("lets normalized machines forget the size of targets, and no others", () => {
  for (const normalization of ["trace", "maximum"] as const)
    expect(isInvariant("scale targets", { ...plain, normalization })).toBe(true);
  expect(isInvariant("scale targets", plain)).toBe(false);
});

it("turns with the rows unless a coordinate is singled out", () => {
  expect(isInvariant("rotate rows", plain)).toBe(true);
  expect(isInvariant("rotate rows", { ...plain, normalization: "trace" })).toBe(true);
  // The largest entry of a matrix and of its rotation differ: diag(1, 0) turned by 45° has entries ½.
  expect(isInvariant("rotate rows", { ...plain, normalization: "maximum" })).toBe(false);
  expect(isInvariant("rotate rows", { ...plain, form: "diagonal" })).toBe(false);
  expect(isInvariant("rotate rows", { ...plain, p: 1.5 })).toBe(false);
});

it("never sees a shift", () => {
  expect(isInvariant("shift rows", { normalization: "maximum", form: "diagonal", p: 1 })).toBe(true);
});
