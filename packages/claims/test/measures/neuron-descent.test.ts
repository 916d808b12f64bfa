import { random } from "lineament";
import { describe, expect, it } from "vitest";
import { gaussianMatrix, unitVector } from "../../src/data/index.ts";
import { distance, neuronDescent, neuronOutputs } from "../../src/measures/index.ts";

const x = gaussianMatrix(60, 4, random(1));
const teacher = unitVector(4, random(2));
const start = Float64Array.of(0.3, -0.2, 0.5, 0.1);

/** (1/2n) Σ (ReLU(⟨w, x_i⟩) − y_i)². */
function loss(w: Float64Array): number {
  const labels = neuronOutputs(x, teacher);
  const squares = neuronOutputs(x, w).map((value, i) => (value - labels[i]!) ** 2);
  return squares.reduce((sum, square) => sum + square, 0) / (2 * x.rows);
}

describe("gradient descent of one neuron", () => {
  it("steps along the gradient of its loss", () => {
    const rate = 1e-3;
    const { weights, distances } = neuronDescent({ x, teacher, start }, { learningRate: rate, steps: 1 });
    const h = 1e-6;
    start.forEach((value, j) => {
      const at = (shift: number): number => loss(start.with(j, value + shift));
      expect((value - weights[j]!) / rate).toBeCloseTo((at(h) - at(-h)) / (2 * h), 7);
    });
    expect(distances).toEqual([distance(start, teacher), distance(weights, teacher)]);
  });

  it("finds the teacher, stops there, and leaves the start as it is", () => {
    const kept = start.slice();
    const { weights, distances } = neuronDescent({ x, teacher, start }, { learningRate: 1, steps: 600 });
    expect(distances.length).toBeLessThan(600);
    expect(distances.at(-1)).toBeLessThan(1e-13);
    expect(distances.at(-2)).toBeGreaterThanOrEqual(1e-13);
    expect(distance(weights, teacher)).toBe(distances.at(-1));
    expect(start).toEqual(kept);
  });

  it("does not leave a start at which it is silent", () => {
    const silent = {
      x: { data: Float64Array.of(1, 0), rows: 1, cols: 2 },
      teacher: Float64Array.of(1, 0),
      start: Float64Array.of(-1, 2),
    };
    expect(neuronDescent(silent, { learningRate: 1, steps: 5 }).weights).toEqual(silent.start);
  });
});
