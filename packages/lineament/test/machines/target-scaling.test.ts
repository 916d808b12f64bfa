import { expect, test } from "vitest";
import { decodeValues, encodeTarget, fitTargetCoding } from "../../src/machines/index.ts";
import { fitTargetScaling, scaleTargets, unscaleTargets } from "../../src/machines/target-scaling.ts";
import { expectClose, filled, normals } from "../contracts/data.ts";

const y = filled(50, 2, (i, l) => Math.exp(normals(50, 2, 1).data[i * 2 + l]! * (l + 1)) + l);

test.each([false, true])(
  "scaled targets have mean 0 and deviation 1 in every column (logarithm: %s)",
  (logarithm) => {
    const scaled = scaleTargets(fitTargetScaling(y, logarithm), y);
    for (const l of [0, 1]) {
      const column = scaled.data.filter((_, at) => at % 2 === l);
      expect(column.reduce((sum, value) => sum + value) / 50).toBeCloseTo(0, 12);
      expect(column.reduce((sum, value) => sum + value ** 2, 0) / 50).toBeCloseTo(1, 12);
    }
  },
);

test.each([false, true])("unscaling undoes scaling (logarithm: %s)", (logarithm) => {
  const scaling = fitTargetScaling(y, logarithm);
  expectClose(unscaleTargets(scaling, scaleTargets(scaling, y)).data, y.data, 1e-12);
});

test("weights count rows", () => {
  const weighted = fitTargetScaling(
    filled(3, 1, (i) => i),
    false,
    [1, 2, 1],
  );
  const repeated = fitTargetScaling(
    filled(4, 1, (i) => [0, 1, 1, 2][i]!),
    false,
  );
  expect(weighted).toEqual(repeated);
  expect(weighted).toEqual({ logarithm: false, mean: [1], scale: [Math.SQRT1_2] });
});

test("a constant column is shifted only", () => {
  expect(
    fitTargetScaling(
      filled(4, 1, () => 3),
      false,
    ),
  ).toEqual({ logarithm: false, mean: [3], scale: [1] });
});

test("a prediction of the logarithm that would overflow stays finite", () => {
  const scaling = fitTargetScaling(y, true);
  expect(
    unscaleTargets(
      scaling,
      filled(1, 2, () => 1e6),
    ).data.every(Number.isFinite),
  ).toBe(true);
});

test("the coding of a task decodes what it encodes, and refuses the other task", () => {
  const regression = { task: "regression", y } as const;
  const classification = { task: "classification", labels: Int32Array.of(0, 2, 1, 0), classes: 3 } as const;
  const scaling = fitTargetCoding(regression, true);
  expectClose(decodeValues(scaling, encodeTarget(scaling, regression)).data, y.data, 1e-12);
  const coding = fitTargetCoding(classification, false);
  expectClose(
    decodeValues(coding, encodeTarget(coding, classification)).data,
    [1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0],
    1e-14,
  );
  expect(() => encodeTarget(coding, regression)).toThrow("another task");
});
