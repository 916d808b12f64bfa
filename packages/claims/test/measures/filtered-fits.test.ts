import { openEngine, random } from "lineament";
import { describe, expect, it } from "vitest";
import { gaussianMatrix } from "../../src/data/index.ts";
import {
  filteredFits,
  flowFilter,
  kernelRegression,
  ridgeFilter,
  rowProducts,
} from "../../src/measures/index.ts";

const engine = await openEngine({ engine: "plain" });

describe("spectral filters", () => {
  const generator = random(2);
  const [x, z] = [gaussianMatrix(7, 9, generator), gaussianMatrix(4, 9, generator)];
  const targets = gaussianMatrix(7, 1, generator);

  it("are kernel ridge regression at the filter of a ridge", async () => {
    const cross = await rowProducts(engine, z, x);
    const fits = await filteredFits(engine, {
      kernel: await rowProducts(engine, x),
      cross,
      targets,
      filters: [ridgeFilter(0.4), ridgeFilter(0)],
    });
    for (const [j, ridge] of [0.4, 0].entries()) {
      const kernel = await rowProducts(engine, x);
      const { data } = await kernelRegression(engine, { kernel, cross, targets, ridge });
      data.forEach((value, i) => expect(fits.data[2 * i + j]).toBeCloseTo(value, 10));
    }
  });

  it("are gradient descent with tiny steps at the filter of a flow", async () => {
    const kernel = await rowProducts(engine, x);
    const [time, steps] = [0.2, 20_000];
    const fit = await filteredFits(engine, { kernel, cross: kernel, targets, filters: [flowFilter(time)] });
    const outputs = new Float64Array(7);
    for (let step = 0; step < steps; step++) {
      const residuals = outputs.map((value, i) => value - targets.data[i]!);
      for (let i = 0; i < 7; i++)
        for (let j = 0; j < 7; j++) outputs[i]! -= (time / steps) * kernel.data[i * 7 + j]! * residuals[j]!;
    }
    // Steps of 10⁻⁵ where eigenvalues are up to 30.
    outputs.forEach((value, i) => expect(fit.data[i]).toBeCloseTo(value, 2));
  });

  it("of a flow begin as t and end as the inverse", () => {
    expect(flowFilter(3)(0)).toBe(3);
    expect(flowFilter(1e-6)(2)).toBeCloseTo(1e-6, 11);
    expect(flowFilter(1e6)(2)).toBe(0.5);
  });
});
