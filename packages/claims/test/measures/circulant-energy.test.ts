import { type Matrix, random, zeros } from "lineament";
import { describe, expect, it } from "vitest";
import { gaussianMatrix, rowsOf } from "../../src/data/index.ts";
import { circulantEnergy, couplingBlock, mean } from "../../src/measures/index.ts";
import { uninformed } from "../../src/predictions/index.ts";

const p = 7;
const matrixOf = (f: (i: number, j: number) => number): Matrix<Float64Array> => {
  const result = zeros(p, p);
  for (let i = 0; i < p; i++) for (let j = 0; j < p; j++) result.data[i * p + j] = f(i, j);
  return result;
};

describe("circulant energy", () => {
  it("is 1 where only the difference or the sum of the indices matters", () => {
    expect(circulantEnergy(matrixOf((i, j) => Math.sin((i - j + p) % p)))).toBeCloseTo(1, 14);
    expect(circulantEnergy(matrixOf((i, j) => Math.sin((i + j) % p)))).toBeCloseTo(1, 14);
  });

  it("is 0 where rows alone matter, and for nothing", () => {
    expect(circulantEnergy(matrixOf((i) => i - 3))).toBeCloseTo(0, 14);
    expect(circulantEnergy(zeros(p, p))).toBe(0);
  });

  it("of noise is that of the uninformed, a little more for being the larger of two", () => {
    const q = 31;
    const energies = Array.from({ length: 200 }, (_, k) =>
      circulantEnergy(couplingBlock(gaussianMatrix(2 * q, 2 * q, random(k)))),
    );
    expect(mean(energies) / uninformed(q).circulantEnergy).toBeGreaterThan(1);
    expect(mean(energies) / uninformed(q).circulantEnergy).toBeLessThan(1.3);
  });
});

it("the coupling block is the lower left quarter, centered", () => {
  const m = { data: Float64Array.from({ length: 16 }, (_, k) => k), rows: 4, cols: 4 };
  expect(rowsOf(couplingBlock(m))).toEqual([
    [-2.5, -1.5],
    [1.5, 2.5],
  ]);
});
