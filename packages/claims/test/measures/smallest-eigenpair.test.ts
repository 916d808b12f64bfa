import { extremeEigenvalues, random } from "lineament";
import { expect, it } from "vitest";
import { gaussianMatrix, wavyLabels } from "../../src/data/index.ts";
import { smallestEigenpair } from "../../src/measures/index.ts";

const { data } = gaussianMatrix(30, 30, random(1));
const times = (v: Float64Array): Float64Array =>
  Float64Array.from({ length: 30 }, (_, i) =>
    v.reduce((sum, value, j) => sum + (data[i * 30 + j]! + data[j * 30 + i]!) * value, 0),
  );

it("the smallest eigenvalue comes with its eigenvector", async () => {
  const { value, vector } = await smallestEigenpair(times, 30);
  const { smallest } = await extremeEigenvalues(times, 30);
  expect(value).toBeCloseTo(smallest, 10);
  expect(Math.hypot(...vector)).toBeCloseTo(1, 12);
  times(vector).forEach((image, k) => expect(image).toBeCloseTo(value * vector[k]!, 8));
});

it("after a few steps the value is the curvature along the vector, above the smallest eigenvalue", async () => {
  const { value, vector } = await smallestEigenpair(times, 30, { steps: 6 });
  const { smallest } = await extremeEigenvalues(times, 30);
  const curvature = times(vector).reduce((sum, image, k) => sum + image * vector[k]!, 0);
  expect(curvature).toBeCloseTo(value, 10);
  expect(value).toBeGreaterThan(smallest);
});

it("points with wavy labels lie on the sphere, in a direction that the shift prefers", () => {
  const { x, y } = wavyLabels(100, 10, 0.5, random(2));
  let sum = 0;
  for (let i = 0; i < 100; i++) {
    const row = x.data.subarray(10 * i, 10 * i + 10);
    expect(Math.hypot(...row)).toBeCloseTo(Math.sqrt(10), 12);
    expect(y.data[i]).toBeCloseTo(1 + 0.3 * Math.sin(3 * row[0]!), 14);
    sum += row.reduce((total, value) => total + value, 0) / 1000;
  }
  expect(sum).toBeGreaterThan(0.3);
});
