import { expect, test } from "vitest";
import { featureDirections } from "../../src/explain/index.ts";
import { asMatrix, zeros } from "../../src/linalg/index.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";

const engine = plainEngine();

test("a matrix of features is read along its eigenvectors, the strongest first", async () => {
  const { importances, spectrum, vectors, effectiveRank } = await featureDirections(
    engine,
    asMatrix([
      [2, -1, 0],
      [-1, 2, 0],
      [0, 0, 0],
    ]),
  );
  expect(importances).toEqual([0.5, 0.5, 0]);
  [3 / 4, 1 / 4, 0].forEach((share, at) => expect(spectrum[at]).toBeCloseTo(share, 14));
  expect(effectiveRank).toBeCloseTo(16 / 10, 14);
  const half = Math.SQRT1_2;
  const expected = [
    [half, -half, 0],
    [half, half, 0],
    [0, 0, 1],
  ];
  vectors.forEach((vector, at) =>
    vector.forEach((entry, k) => expect(entry).toBeCloseTo(expected[at]![k]!, 14)),
  );
});

test("all directions of the identity count the same, and none of the zero matrix", async () => {
  const identity = asMatrix([
    [3, 0],
    [0, 3],
  ]);
  expect(await featureDirections(engine, identity)).toMatchObject({
    importances: [0.5, 0.5],
    effectiveRank: 2,
  });
  expect(await featureDirections(engine, zeros(2, 2))).toMatchObject({
    importances: [0, 0],
    spectrum: [0, 0],
    effectiveRank: 0,
  });
  expect((await featureDirections(engine, zeros(0, 0))).vectors).toEqual([]);
});

test("refuses what is not square", async () => {
  await expect(featureDirections(engine, zeros(2, 3))).rejects.toThrow(
    "featureDirections: got 2 × 3, expected a square matrix",
  );
});
