import { expect, it } from "vitest";
import {
  nonlinearities,
  restrictedCurvatureBound,
  twoLayerDerivatives,
  twoLayerTangentKernel,
} from "../../../src/predictions/index.ts";
import { expectVector, vector } from "../../vectors/vector.ts";

it("the mean gradient and the bound on curvature agree with WN-V6", () => {
  const one = vector<{ U: number[][]; v: number[]; X: number[][]; y: number[] }>("WN-V6");
  const { U, v, X, y } = one.inputs;
  const { meanK, lower_bound } = one.expected as { meanK: number; lower_bound: number };
  const network = { weights: U, readout: v };
  const { outputs, kernel } = twoLayerTangentKernel(network, X, nonlinearities.tanh);
  const parts = {
    meanGradientSquared: kernel.flat().reduce((sum, entry) => sum + entry, 0) / 9,
    residuals: outputs.map((f, i) => f - y[i]!),
    hessianNorms: X.map((x) => twoLayerDerivatives(network, x, nonlinearities.tanh).hessian),
  };
  const own = { meanK: parts.meanGradientSquared, lower_bound: restrictedCurvatureBound(parts, 1) };
  expectVector({ ...one, expected: { meanK, lower_bound } }, own);
  // Orthogonal to the mean gradient only the curvature of the outputs is known.
  expect(restrictedCurvatureBound(parts, 0)).toBeCloseTo(lower_bound - 2 * meanK, 10);
});
