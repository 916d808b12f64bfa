import fc from "fast-check";
import { expect, it } from "vitest";
import {
  kinkDistance,
  lazyExponents,
  outputScaleExponents,
  quadraticTerm,
  type TwoLayers,
} from "../../src/predictions/index.ts";
import { vector } from "../vectors/vector.ts";

const tanh = {
  slope: (u: number) => 1 - Math.tanh(u) ** 2,
  curvature: (u: number) => -2 * Math.tanh(u) * (1 - Math.tanh(u) ** 2),
};

function output(
  { weights, readout }: TwoLayers,
  x: readonly number[],
  sigma: (z: number) => number,
  gamma: number,
): number {
  return weights.reduce((sum, w, i) => {
    const z = w.reduce((total, value, j) => total + value * x[j]!, 0);
    return sum + gamma * readout[i]! * sigma(z);
  }, 0);
}

function moved(network: TwoLayers, change: TwoLayers, h: number): TwoLayers {
  return {
    weights: network.weights.map((w, i) => w.map((value, j) => value + h * change.weights[i]![j]!)),
    readout: network.readout.map((a, i) => a + h * change.readout[i]!),
  };
}

const numbers = (size: number): fc.Arbitrary<number[]> =>
  fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: size, maxLength: size });

const layers: fc.Arbitrary<TwoLayers> = fc.record({
  weights: fc.array(numbers(2), { minLength: 3, maxLength: 3 }),
  readout: numbers(3),
});

it("the quadratic term is half the second difference", () => {
  const h = 1e-3;
  fc.assert(
    fc.property(layers, layers, numbers(2), (network, change, x) => {
      const at = (step: number): number => output(moved(network, change, step), x, Math.tanh, 0.7);
      // Truncation is h²/12 times a fourth derivative, which these sizes keep below 10⁴; rounding is 10⁻¹⁵/h².
      expect(quadraticTerm(network, change, x, tanh, 0.7)).toBeCloseTo(
        (at(h) - 2 * at(0) + at(-h)) / (2 * h * h),
        2,
      );
    }),
  );
});

it("the quadratic term is what LZ-V16 leaves out to leading order", () => {
  interface Features {
    W: number[][];
    a: number[];
    x: number[];
    gamma: number;
    dW: number[];
    da: number[];
  }
  const { inputs, expected } = vector<Features>("LZ-V16");
  const { fLin, fTrue } = expected as { fLin: number; fTrue: number };
  const { W: weights, a: readout, x, gamma, dW, da } = inputs;
  const change = { weights: dW as unknown as number[][], readout: da };
  const remainder = fTrue - fLin;
  // The steps are of the size .1: third order is a tenth of second.
  expect(Math.abs(quadraticTerm({ weights, readout }, change, x, tanh, gamma) / remainder - 1)).toBeLessThan(
    0.1,
  );
});

it("a ReLU network is linear plus its quadratic term up to the kink, and not beyond", () => {
  const network = { weights: [[1, 0.5]], readout: [2] };
  const change = { weights: [[-1, 0]], readout: [0.3] };
  const x = [1, 1];
  const relu = { slope: (u: number) => (u > 0 ? 1 : 0), curvature: () => 0 };
  const kink = kinkDistance(network, change, x);
  expect(kink).toBeCloseTo(1.5, 14);
  const remainder = (h: number): number => {
    const at = (step: number): number => output(moved(network, change, step), x, (u) => Math.max(0, u), 1);
    const slope = 0.3 * 1.5 + 2 * -1;
    return at(h) - at(0) - h * slope;
  };
  const term = quadraticTerm(network, change, x, relu, 1);
  expect(remainder(0.9 * kink)).toBeCloseTo(term * (0.9 * kink) ** 2, 13);
  expect(Math.abs(remainder(1.5 * kink) - term * (1.5 * kink) ** 2)).toBeGreaterThan(0.1);
  expect(kinkDistance(network, { weights: [[1, 0]], readout: [0] }, x)).toBe(Infinity);
});

it("nothing depends on the width in mean field, and a larger output scale is lazier", () => {
  for (const changes of ["coherent", "canceling"] as const) {
    expect(lazyExponents(1, changes)).toEqual({ movement: 0, gap: 0, kernel: 0 });
    const [kernelRegime, between] = [lazyExponents(0.5, changes), lazyExponents(0.75, changes)];
    for (const key of ["movement", "gap", "kernel"] as const)
      expect(kernelRegime[key]).toBeLessThan(between[key]);
  }
  expect(() => lazyExponents(0.4, "coherent")).toThrow(/a = 0.4; give a number in \[1\/2, 1\]/);
});

it("the scaling of the width is that of the output: α = N^(1 − a) and a movement of 1/α", () => {
  const { movement, parameterGap } = outputScaleExponents("symmetrized");
  const alpha = 1 - 0.6;
  expect(lazyExponents(0.6, "canceling").movement).toBeCloseTo(movement * alpha, 14);
  expect(lazyExponents(0.6, "canceling").gap).toBeCloseTo(
    outputScaleExponents("symmetrized").gap * alpha,
    14,
  );
  expect(parameterGap).toBe(2 * movement);
});
