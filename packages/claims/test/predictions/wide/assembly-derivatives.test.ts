import { expect, it } from "vitest";
import { assemblyDerivatives, nonlinearities, twoLayerDerivatives } from "../../../src/predictions/index.ts";
import { vector } from "../../vectors/vector.ts";

const { U, v, x } = vector<{ U: number[][]; v: number[]; x: number[] }>("WN-V1").inputs;

it.each(Object.values(nonlinearities))("a network is an assembly of its neurons", (sigma) => {
  const neurons = U.map((u, i) => twoLayerDerivatives({ weights: [u], readout: [v[i]!] }, x, sigma));
  const weights = U.map(() => 1 / Math.sqrt(U.length));
  const { gradient, hessian } = twoLayerDerivatives({ weights: U, readout: v }, x, sigma);
  const assembled = assemblyDerivatives(weights, neurons);
  expect(assembled.gradient).toBeCloseTo(gradient, 14);
  expect(assembled.hessian).toBeCloseTo(hessian, 14);
});

it("a member counts by the size of its weight", () => {
  const members = [
    { gradient: 3, hessian: 1 },
    { gradient: 4, hessian: 5 },
  ];
  const { gradient, hessian } = assemblyDerivatives([-8, 1], members);
  expect(gradient).toBeCloseTo(Math.hypot(24, 4), 13);
  expect(hessian).toBe(8);
});
