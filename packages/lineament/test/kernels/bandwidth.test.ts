import { expect, test } from "vitest";
import { categoricalTables, identityMetric, type Kernel, medianDistance } from "../../src/kernels/index.ts";
import { type Points, random } from "../../src/linalg/index.ts";
import { filled, normals, points, withLevels } from "../contracts/data.ts";

const laplace: Kernel = { family: "laplace", bandwidth: 1, exponent: 0.7 };
const product: Kernel = { family: "lpq", bandwidth: 1, exponent: 1, p: 1 };
const general: Kernel = { family: "lpq", bandwidth: 1, exponent: 1, p: 1.5 };
const median = (x: Points, kernel: Kernel, rows?: number, seed = 0): number =>
  medianDistance(x, [], kernel, random(seed), rows);

test("the lower median of all pairs of different rows", () => {
  const x = points(filled(4, 1, (i) => [0, 1, 3, 7][i]!)); // distances 1 2 3 4 6 7
  expect(median(x, laplace)).toBe(3);
  expect(median(points(filled(3, 1, (i) => [0, 1, 3][i]!)), laplace)).toBe(2); // 1 2 3
});

test.each([
  ["‖Δ‖₂ for rotation-invariant kernels", laplace, 5],
  ["‖Δ‖₁ for p = 1", product, 7],
  ["‖Δ‖_p in general", general, (3 ** 1.5 + 4 ** 1.5) ** (1 / 1.5)],
])("%s, before any exponent q", (_, kernel, expected) => {
  expect(median(points(filled(2, 2, (i, j) => i * [3, 4][j]!)), kernel)).toBeCloseTo(expected, 12);
});

test("categorical blocks add their tables", () => {
  const x = withLevels(
    filled(2, 1, (i) => 3 * i),
    [0, 1],
  );
  const metric = { ...identityMetric(1, [2]), blocks: [Float64Array.of(4, 0)] };
  expect(medianDistance(x, categoricalTables(metric, laplace), laplace, random(0))).toBeCloseTo(5, 12);
  expect(medianDistance(x, categoricalTables(metric, product), product, random(0))).toBeCloseTo(7, 12);
});

test("a sample of rows is seeded and near the median of all", () => {
  const x = points(normals(2000, 3, 1));
  const all = median(x, laplace, 2000);
  expect(median(x, laplace, 300, 5)).toBe(median(x, laplace, 300, 5));
  expect(median(x, laplace, 300, 5)).not.toBe(median(x, laplace, 300, 6));
  expect(Math.abs(median(x, laplace, 300, 5) / all - 1)).toBeLessThan(0.1);
});

test("fewer than two rows have none: 0", () => {
  expect(median(points(normals(1, 3)), laplace)).toBe(0);
  expect(median(points(normals(0, 3)), laplace)).toBe(0);
});

test("mostly equal rows have median 0", () => {
  expect(median(points(filled(10, 2, (i) => (i === 0 ? 1 : 0))), laplace)).toBe(0);
});
