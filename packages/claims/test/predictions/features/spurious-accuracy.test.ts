import { expect, it } from "vitest";
import { spuriousAccuracy } from "../../../src/predictions/index.ts";

it("whoever goes by a spurious input is right as often as it agrees with the label", () => {
  expect([1, 0, -1].map(spuriousAccuracy)).toEqual([1, 0.5, 0]);
  // Agreement with probability q means correlation q − (1 − q).
  expect(spuriousAccuracy(0.8 - 0.2)).toBeCloseTo(0.8, 15);
});
