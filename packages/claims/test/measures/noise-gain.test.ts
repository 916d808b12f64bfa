import { asMatrix, openEngine, random } from "lineament";
import { describe, expect, it } from "vitest";
import { gaussianMatrix, gaussianVector } from "../../src/data/index.ts";
import {
  column,
  kernelRegression,
  mean,
  noiseGain,
  rowProducts,
  torusGram,
  torusKernel,
} from "../../src/measures/index.ts";

const engine = await openEngine({ engine: "plain" });

describe("the gain of noise", () => {
  it("is the mean squared prediction of kernel regression on labels that are noise", async () => {
    const generator = random(3);
    const x = gaussianMatrix(8, 12, generator);
    const z = gaussianMatrix(5, 12, generator);
    const [kernel, cross] = [await rowProducts(engine, x), await rowProducts(engine, z, x)];
    const gain = await noiseGain(engine, { kernel, cross, ridge: 0.3 });
    const squares: number[] = [];
    for (let draw = 0; draw < 4000; draw++) {
      const targets = column(gaussianVector(8, generator));
      const copy = { ...kernel, data: kernel.data.slice() };
      const { data } = await kernelRegression(engine, { kernel: copy, cross, targets, ridge: 0.3 });
      squares.push(mean(data.map((value) => value ** 2)));
    }
    // The relative error of a mean of 4000 draws is about √(2/(5 · 4000)) = 0.01.
    expect(mean(squares) / gain).toBeGreaterThan(0.95);
    expect(mean(squares) / gain).toBeLessThan(1.05);
  });

  it("is 1 at the training points of an interpolant, and less with ridge", async () => {
    const kernel = await rowProducts(engine, gaussianMatrix(6, 9, random(1)));
    expect(await noiseGain(engine, { kernel, cross: kernel })).toBeCloseTo(1, 10);
    expect(await noiseGain(engine, { kernel, cross: kernel, ridge: 1 })).toBeLessThan(1);
  });

  it("is infinite rather than not a number for a singular matrix", async () => {
    const kernel = asMatrix([
      [1, 0],
      [0, 0],
    ]);
    expect(await noiseGain(engine, { kernel, cross: asMatrix([[1, 0]]) })).toBe(1);
    expect(await noiseGain(engine, { kernel, cross: asMatrix([[1, 1]]) })).toBe(Infinity);
  });
});

describe("kernels on the torus", () => {
  it("are hyperbolic cosines on the circle, for the Laplace kernel", () => {
    for (const bandwidth of [0.05, 0.4, 2]) {
      const kernel = torusKernel("laplace", bandwidth);
      const form = (x: number): number => Math.cosh((0.5 - x) / bandwidth);
      for (const x of [0.1, 0.3, 0.5]) expect(kernel([x]) / kernel([0])).toBeCloseTo(form(x) / form(0), 7); // e^−20 is left out
    }
  });

  it("are periodic and even along each axis, products of circles for the Gaussian", () => {
    const [gauss, laplace] = [torusKernel("gauss", 0.3), torusKernel("laplace", 0.2)];
    expect(gauss([0.2, 0.7])).toBeCloseTo(gauss([0.2]) * gauss([0.7]), 14);
    for (const kernel of [gauss, laplace]) expect(kernel([0.2, 0.7])).toBeCloseTo(kernel([-1.2, 0.3]), 12);
  });

  it("fill a matrix row by row", () => {
    const kernel = torusKernel("gauss", 0.2);
    const gram = torusGram(kernel, asMatrix([[0.1], [0.5]]), asMatrix([[0.2], [0.9], [0.5]]));
    expect([gram.rows, gram.cols]).toEqual([2, 3]);
    expect(gram.data[1]).toBeCloseTo(kernel([0.2]), 14);
    expect(gram.data[5]).toBe(kernel([0]));
  });
});
