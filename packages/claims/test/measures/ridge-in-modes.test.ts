import { openEngine, random } from "lineament";
import { describe, expect, it } from "vitest";
import { gaussianMatrix, whitenedFeatures } from "../../src/data/index.ts";
import {
  kernelRegression,
  mean,
  ridgeInModes,
  rowProducts,
  scaledColumns,
} from "../../src/measures/index.ts";

const engine = await openEngine({ engine: "plain" });

describe("ridge regression in modes", () => {
  const [n, p, c] = [12, 40, 3];
  const generator = random(5);
  const features = whitenedFeatures("gaussian", n, p, generator);
  const eigenvalues = Array.from({ length: p }, (_, i) => (i + 1) ** -2);
  const labels = gaussianMatrix(n, c, generator);
  const target = [1, -2];
  const scaled = (phi: typeof features): typeof features => scaledColumns(phi, eigenvalues.map(Math.sqrt));

  it("has the errors of kernel regression, on the training labels and at many new points", async () => {
    const errors = await ridgeInModes(engine, { features, eigenvalues, target, labels, ridge: 0.1 });
    const fits = async (phi: typeof features) =>
      kernelRegression(engine, {
        kernel: await rowProducts(engine, scaled(features)),
        cross: await rowProducts(engine, scaled(phi), scaled(features)),
        targets: labels,
        ridge: 0.1,
      });
    const training = await fits(features);
    expect(errors.training).toBeCloseTo(
      mean(training.data.map((value, at) => (value - labels.data[at]!) ** 2)),
      12,
    );
    const places = whitenedFeatures("gaussian", 4000, p, generator);
    const { data } = await fits(places);
    const squares = data.map((value, at) => {
      const row = Math.floor(at / c) * p;
      return (value - target.reduce((sum, v, i) => sum + v * places.data[row + i]!, 0)) ** 2;
    });
    // 4000 new points: a standard error of 2 %.
    expect(mean(squares) / errors.excess).toBeGreaterThan(0.92);
    expect(mean(squares) / errors.excess).toBeLessThan(1.08);
  });

  it("interpolates without ridge, and leaves its arguments alone", async () => {
    const before = [features.data.slice(), labels.data.slice()];
    const { training } = await ridgeInModes(engine, { features, eigenvalues, target, labels, ridge: 0 });
    expect(training).toBe(0);
    expect([features.data, labels.data]).toEqual(before);
  });
});
